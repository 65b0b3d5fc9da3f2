"""Erasing: the tombstone first, acknowledged last; what screening remembers; what an erasure names and what it does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pipeline.agents import ScreeningAgent
from pipeline.broker.erasures import erasure_key
from pipeline.broker.topics import Topics
from pipeline.codec import encode
from pipeline.commands import parts
from pipeline.erasing import ErasingAgent, Mason
from pipeline.index.documents import Names, recheck_s
from pipeline.index.tombstones import Tombstone, covering, names, queries, read
from pipeline.posts import Erasure, Hit
from pipeline.screen.erased import Erased
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.settings import Settings
from tests.fakes import NAMES, NOW, OFFER, Outbox, Stream, a_screen, events, packed, post, remembers
from tests.test_agents import INTAKE, a_hit, said, screening
from tests.test_documents import hit

TOPICS = Topics()
KEPT = timedelta(days=30)
MASON = Mason(NAMES, KEPT)
HOUR = timedelta(hours=1)


class Ground:
    """An index that notes, in one diary, what was asked of it."""

    def __init__(self, diary: list[str]) -> None:
        self.diary = diary
        self.buried: list[Tombstone] = []

    async def bury(self, buried: Sequence[Tombstone]) -> None:
        self.diary.append("bury")
        self.buried += buried

    async def remove(self, buried: Sequence[Tombstone]) -> int:
        self.diary.append("remove")
        return 0


def erasure(number: int = 1, **changes: Any) -> Erasure:
    """The deletion of a post of the fakes."""
    named: dict[str, Any] = {"erased_at": NOW, "native_id": f"n-{number}"} | changes
    return Erasure(platform="push", **named)


def of_author(author: str = "a-1", **changes: Any) -> Erasure:
    """The deletion of an account."""
    return erasure(native_id=None, author_id=author, **({"cause": "account_deleted"} | changes))


async def erased(*values: bytes | None) -> tuple[Ground, Outbox, Stream]:
    """What the agent makes of some records."""
    outbox = Outbox()
    ground, stream = Ground(outbox.diary), Stream(events(*values), diary=outbox.diary)
    await ErasingAgent(ground, outbox, TOPICS, INTAKE, MASON)(stream)
    return ground, outbox, stream


def stone(of: Erasure, **changes: Any) -> Tombstone:
    """The tombstone of an erasure, with some facts changed."""
    made = MASON.tombstones(of, NOW)[0]
    facts = {name: getattr(made, name) for name in ("id", "kind", "cause", "erased_at", "expires_at")}
    return Tombstone(**(facts | changes))


async def test_a_tombstone_stands_before_anything_is_removed_and_the_record_is_acknowledged_last() -> None:
    ground, outbox, _ = await erased(encode(erasure(1)))
    assert outbox.diary == ["bury", "remove", "ack 0"]
    [one] = ground.buried
    assert (one.id, one.kind, one.cause) == (NAMES.document_id("push", "n-1"), "post", "deleted")
    assert one.expires_at - datetime.now(NOW.tzinfo) > KEPT - HOUR


def test_an_erasure_has_a_tombstone_under_each_key_that_is_held() -> None:
    of_before = Pseudonyms(b"the key of before, 32 bytes long", "k0")
    mason = Mason(NAMES, KEPT, (of_before, NAMES))
    posts, accounts = mason.tombstones(erasure(1), NOW), mason.tombstones(of_author(), NOW)
    assert [one.id for one in posts] == [under.document_id("push", "n-1") for under in (NAMES, of_before)]
    assert [one.id for one in accounts] == [under.author("push", "a-1") for under in (NAMES, of_before)]
    assert {one.kind for one in posts} | {one.kind for one in accounts} == {"post", "author"}


async def test_a_record_holds_several_erasures_and_what_is_none_goes_to_the_rejected_with_its_line() -> None:
    ground, outbox, stream = await erased(b"\n".join([encode(erasure(1)), b"none", encode(erasure(2))]), None)
    assert {one.id for one in ground.buried} == {NAMES.document_id("push", f"n-{n}") for n in (1, 2)}
    origins = [letter.headers["origin"] for letter in outbox.of(TOPICS.rejected)]
    assert origins == [b"erasures/0/0/1", b"erasures/0/1/0"]
    assert outbox.of(TOPICS.rejected)[0].headers["reason"] == b"not_an_erasure"
    assert stream.acknowledged == [(0, 0), (0, 1)]


async def test_of_two_erasures_of_an_account_the_later_one_stands() -> None:
    earlier, later = of_author(erased_at=NOW - HOUR), of_author(erased_at=NOW)
    for order in ((earlier, later), (later, earlier)):
        ground, _, _ = await erased(*map(encode, order))
        assert [one.erased_at for one in ground.buried] == [NOW]


async def test_where_nothing_can_be_erased_the_index_is_left_alone() -> None:
    ground, outbox, _ = await erased(b"none")
    assert ground.buried == []
    assert outbox.diary == [TOPICS.rejected, "ack 0"]


def test_an_erasure_that_names_a_post_and_its_author_is_of_the_post_alone() -> None:
    both = erasure(1, author_id="a-1")
    assert [one.kind for one in MASON.tombstones(both, NOW)] == ["post"]
    memory = Erased(10)
    memory.note(both)
    assert memory.holds(post(1, author_id="a-1"), NOW)
    assert not memory.holds(post(2, author_id="a-1"), NOW)


def test_a_post_and_an_account_of_the_same_id_have_different_keys() -> None:
    assert erasure_key(erasure(1)) != erasure_key(of_author("n-1"))


async def test_a_deleted_post_is_screened_as_erased_and_its_neighbours_as_ever() -> None:
    outbox, using, memory = Outbox(), a_screen(), Erased(10)
    memory.note(erasure(1))
    agent = screening(replace(using, erased=memory), outbox)
    await agent(Stream(events(packed(post(1, f"an {OFFER}"), post(2, f"an {OFFER}"), post(3)))))
    assert said(outbox) == {0: "ehb"}
    assert len(outbox.of(TOPICS.hits)) == 1


async def test_what_was_deleted_by_now_is_asked_for_before_a_batch_is_screened() -> None:
    outbox, memory = Outbox(), Erased(10)

    async def catch_up() -> None:
        memory.take(encode(erasure(1)), NOW)

    using = replace(a_screen(), erased=memory)
    agent = ScreeningAgent(using, outbox, TOPICS, INTAKE, remembers(catch_up=catch_up))
    await agent(Stream(events(encode(post(1, f"an {OFFER}")))))
    assert said(outbox) == {0: "e"}


def test_of_a_deleted_account_is_gone_what_was_written_or_had_come_in_by_then() -> None:
    memory = Erased(10)
    memory.note(of_author())
    for created_at, received_at, gone in (
        (NOW - HOUR, NOW + HOUR, True),
        (NOW + HOUR, NOW - HOUR, True),
        (NOW + HOUR, NOW + HOUR, False),
    ):
        one = msgspec.structs.replace(post(1, author_id="a-1"), created_at=created_at)
        assert memory.holds(one, received_at) is gone
    assert not memory.holds(post(1, author_id="a-2"), NOW)
    assert not memory.holds(post(1), NOW)


def test_a_replay_that_is_moved_in_time_does_not_escape_the_deletion_of_its_account() -> None:
    memory = Erased(10)
    memory.note(of_author())
    moved = msgspec.structs.replace(post(1, author_id="a-1"), created_at=NOW + HOUR, dated_at=NOW - HOUR)
    assert memory.holds(moved, NOW + HOUR)


def test_an_earlier_erasure_of_an_account_that_comes_late_shortens_nothing() -> None:
    memory = Erased(10)
    memory.note(of_author(erased_at=NOW))
    memory.note(of_author(erased_at=NOW - 2 * HOUR))
    assert memory.holds(post(1, author_id="a-1"), NOW - HOUR)


def test_the_memory_forgets_the_oldest_and_holds_at_least_its_limit() -> None:
    memory = Erased(10)
    for number in range(100):
        memory.note(erasure(number))
        memory.note(of_author(f"a-{number}"))
    held = [number for number in range(100) if memory.holds(post(number), NOW)]
    assert held == list(range(100 - len(held), 100))
    assert 10 <= len(held) <= 20
    assert 10 <= sum(memory.holds(post(1000, author_id=f"a-{n}"), NOW) for n in range(100)) <= 20


def test_a_record_that_is_no_erasure_is_passed_over_and_its_neighbours_are_remembered() -> None:
    memory = Erased(10)
    memory.take(b"\n".join([b"\xff", encode(erasure(1)), b""]), NOW)
    assert memory.holds(post(1), NOW)


def test_a_tombstone_goes_to_the_index_and_comes_back_without_a_raw_id() -> None:
    made = stone(of_author("planted"))
    where, source = map(msgspec.json.decode, made.lines("fanal-tombstones"))
    assert read(where["index"]["_id"], source) == made
    assert b"planted" not in b"".join(made.lines("x"))


def test_a_hit_falls_under_its_own_tombstone_and_under_that_of_its_account() -> None:
    one = a_hit(1)
    own = stone(erasure(1))
    assert own.id == one.id
    assert covering(one, {own.id: own}) == own
    assert covering(one, {own.id: stone(erasure(1), kind="author")}) is None
    assert covering(one, {}) is None


@pytest.mark.parametrize(("erased_at", "falls"), [(NOW, True), (NOW - HOUR, False)])
def test_a_hit_falls_under_an_account_that_was_deleted_after_it_was_written(erased_at: datetime, falls: bool) -> None:
    document = msgspec.structs.replace(hit().document, author="someone", created_at=NOW, received_at=NOW)
    one = hit("x", document=document)
    found = covering(one, {"someone": stone(of_author(), id="someone", erased_at=erased_at)})
    assert (found is not None) is falls
    if found:
        assert (found.id, found.kind) == ("x", "post")
    assert names([one]) == {"x", "someone"}


def test_many_tombstones_are_searched_for_in_parts() -> None:
    posts = [stone(erasure(n)) for n in range(2500)]
    accounts = [stone(of_author(f"a-{n}")) for n in range(150)]
    made = queries([*posts, *accounts], 1000)
    assert [len(one["ids"]["values"]) for one in made[:3]] == [1000, 1000, 500]
    assert [len(one["bool"]["should"]) for one in made[3:]] == [100, 50]
    assert queries([], 1000) == []


def test_the_evidence_of_a_month_lies_beside_its_hits() -> None:
    assert Names("a").beside("a-hits-2026.11") == "a-evidence-2026.11"
    assert Names("a").beside("a-evidence-2026.11") == "a-hits-2026.11"


def test_a_post_is_asked_for_again_as_far_apart_as_the_first_time_and_at_most_hourly() -> None:
    assert recheck_s(None, NOW) is None
    assert recheck_s(NOW + 48 * HOUR, NOW) == 48 * 3600
    assert recheck_s(NOW - HOUR, NOW) == 3600


@pytest.mark.connected
async def test_an_erasure_reaches_what_was_found_under_an_earlier_key(settings: Settings) -> None:
    store, before = parts.store(settings), Pseudonyms(b"the key of before, 32 bytes long", "k0")
    await store.set_up()
    held = [
        _found_under(before, "n-1", "a-1"),
        _found_under(before, "n-2", "a-2"),
        _found_under(before, "n-3", "a-3"),
        _found_under(NAMES, "n-1", "a-1"),
    ]
    await store.write(held)
    mason = Mason(NAMES, KEPT, (before,))
    stones = [*mason.tombstones(erasure(1), NOW), *mason.tombstones(of_author("a-2", erased_at=datetime.now(UTC)), NOW)]
    await store.eraser.bury(stones)
    assert await store.eraser.remove(stones) == 3
    assert await store.present({one.id: 7 for one in held}) == {held[2].id}
    assert [one.id for one in await store.unerased(held)] == [held[2].id]
    assert await store.due.sealed(held[0].id) is None
    await store.close()


def _found_under(key: Pseudonyms, native_id: str, author_id: str) -> Hit:
    made = hit(key.document_id("push", native_id))
    of = msgspec.structs.replace(made.document, author=key.author("push", author_id), created_at=NOW, received_at=NOW)
    return msgspec.structs.replace(made, document=of)
