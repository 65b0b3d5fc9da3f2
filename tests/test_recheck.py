"""Rechecking: who is gone is erased by the topic, who stands is asked again later, and nothing is passed over in silence."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from pipeline import recheck
from pipeline.broker.topics import Topics
from pipeline.codec import decode_erasure, encode
from pipeline.errors import IndexUnavailable
from pipeline.index.due import AT_ONCE, Held
from pipeline.posts import Erasure, Evidence, Post
from pipeline.recheck import Means, Recheck
from pipeline.sources.standing import Asker, Standing
from tests.fakes import NOW, SEAL, Outbox, post
from tests.test_erasing import MASON, Ground

TOPICS = Topics()


def held(number: int, platform: str = "push", evidence: Evidence | None = None) -> Held:
    """Evidence of a post of the fakes."""
    sealed = evidence or SEAL.seal(encode(post(number)))
    return Held(f"id-{number}", "fanal-evidence-2026.11", (number, 1), platform, 7200, sealed)


@dataclass
class Calendar:
    """What is due, and what was put off."""

    over: Sequence[Held] = ()
    due: Mapping[str, Sequence[Held]] = field(default_factory=dict)
    unasked: Mapping[str, int] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)
    soon: list[str] = field(default_factory=list)
    away: bool = False

    async def expired(self, now: datetime) -> list[Held]:
        if self.away:
            raise IndexUnavailable("away")
        return list(self.over)

    async def to_recheck(self, platform: str, now: datetime) -> list[Held]:
        return list(self.due.get(platform, ()))

    async def overdue(self, besides: Sequence[str], now: datetime) -> dict[str, int]:
        return {name: count for name, count in self.unasked.items() if name not in besides}

    async def postpone(self, held: Sequence[Held], now: datetime, *, soon: bool = False) -> None:
        (self.soon if soon else self.later).extend(one.id for one in held)


class Purged(Ground):
    """A ground that notes that it was purged."""

    async def purge(self, now: datetime) -> int:
        self.diary.append("purge")
        return 0


@dataclass
class Says:
    """Answers by the number in a post's id."""

    answers: Mapping[str, Standing]
    fails: bool = False

    async def ask(self, posts: Sequence[Post]) -> Sequence[Standing]:
        if self.fails:
            raise TimeoutError
        return [self.answers[one.native_id] for one in posts]


@dataclass
class Scene:
    """A recheck and what it works with."""

    calendar: Calendar
    outbox: Outbox
    ground: Purged
    recheck: Recheck

    def erasures(self) -> list[Erasure]:
        return [decode_erasure(record.value, NOW) for record in self.outbox.of(TOPICS.erasures)]


def scene(calendar: Calendar, leads: bool = True, **askers: Asker) -> Scene:
    outbox, ground = Outbox(), Purged([])
    using = Means(calendar, ground, outbox, TOPICS, MASON, SEAL.open_sealed, askers)
    return Scene(calendar, outbox, ground, Recheck(using, lambda: leads))


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("fanal_rechecks_total", {"outcome": outcome}) or 0.0


async def test_who_is_gone_is_erased_and_who_stands_is_asked_again_later() -> None:
    before = {name: counted(name) for name in ("stands", "gone", "unknown")}
    one = scene(
        Calendar(due={"push": [held(1), held(2), held(3)]}),
        push=Says({"n-1": "stands", "n-2": "gone", "n-3": "unknown"}),
    )
    assert await one.recheck.look(NOW) is False
    [made] = one.erasures()
    assert (made.platform, made.native_id, made.cause, made.erased_at) == ("push", "n-2", "deleted", NOW)
    assert one.outbox.delivered[0].key == b"push|n-2"
    assert (one.calendar.later, one.calendar.soon) == (["id-1"], ["id-3"])
    assert {name: counted(name) - was for name, was in before.items()} == {"stands": 1, "gone": 1, "unknown": 1}


async def test_what_may_be_kept_no_longer_is_erased_whether_it_stands_or_not() -> None:
    one = scene(Calendar(over=[held(1)]))
    await one.recheck.look(NOW)
    [made] = one.erasures()
    assert (made.native_id, made.cause) == ("n-1", "expired")
    assert one.ground.diary == ["purge"]


async def test_what_no_key_opens_expires_by_the_id_of_its_document_and_is_not_asked_for() -> None:
    foreign = Evidence(key_id="k0", sealed="x")
    before = counted("unreadable")
    one = scene(
        Calendar(over=[held(1, evidence=foreign)], due={"push": [held(2, evidence=foreign)]}),
        push=Says({}),
    )
    await one.recheck.look(NOW)
    assert one.erasures() == []
    assert [(stone.id, stone.kind, stone.cause) for stone in one.ground.buried] == [("id-1", "post", "expired")]
    assert one.ground.diary == ["bury", "remove", "purge"]
    assert one.calendar.later == ["id-2"]
    assert counted("unreadable") == before + 1


async def test_a_platform_that_nothing_can_ask_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    one = scene(Calendar(unasked={"x": 3, "reddit": 4, "push": 9}), push=Says({}))
    await one.recheck.look(NOW)
    await one.recheck.look(NOW)
    assert [record.platform for record in caplog.records] == ["reddit", "x"]  # type: ignore[attr-defined] # a field
    assert REGISTRY.get_sample_value("fanal_overdue_records") == 7


async def test_a_platform_that_cannot_be_asked_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    calendar = Calendar(due={"a": [held(1)], "b": [held(2)]})
    one = scene(calendar, a=Says({}, fails=True), b=Says({"n-2": "gone"}))
    await one.recheck.look(NOW)
    assert [made.native_id for made in one.erasures()] == ["n-2"]
    assert (calendar.later, calendar.soon) == ([], [])
    assert "a platform cannot be asked" in caplog.text


async def test_where_more_waits_it_looks_again_at_once() -> None:
    assert await scene(Calendar(over=[held(1)] * AT_ONCE)).recheck.look(NOW) is True


@pytest.mark.parametrize(("leads", "away", "looks"), [(True, True, 3), (True, False, 3), (False, False, 0)])
async def test_it_goes_on_while_the_index_is_away_and_rests_where_another_worker_leads(
    monkeypatch: pytest.MonkeyPatch, leads: bool, away: bool, looks: int
) -> None:
    one = scene(Calendar(away=away), leads)
    seen: list[datetime] = []
    look = one.recheck.look

    async def counting(now: datetime) -> bool:
        seen.append(now)
        return await look(now)

    monkeypatch.setattr(one.recheck, "look", counting)
    monkeypatch.setattr(recheck, "EVERY_S", 0.001)
    monkeypatch.setattr(recheck, "HURRY_S", 0.001)
    task: asyncio.Task[Any] = asyncio.create_task(one.recheck.run())
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (len(seen) >= looks) if looks else not seen
