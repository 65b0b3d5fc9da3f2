"""Push: signed bodies come in whole, once, and are answered only when the broker has them."""

import asyncio
import gzip
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from pipeline.errors import ConfigurationError
from pipeline.posts import Post
from pipeline.sources.bodies import MAX_EVENTS
from pipeline.sources.push_contract import Limits
from pipeline.sources.push_server import Listening, serving
from pipeline.sources.push_sources import PushSource
from pipeline.sources.signatures import sign
from tests.fakes_push import AWAY, FULL, NDJSON, SECRET, SOURCE, Client, Collector, line, ndjson

LIMITS = Limits(body=100_000, in_hand=250_000, within_s=0.5)
ANYWHERE = Listening(port=0)


@pytest.fixture
def collector() -> Collector:
    return Collector()


@pytest.fixture
async def client(collector: Collector) -> AsyncIterator[Client]:
    async with (
        serving([SOURCE], collector, ANYWHERE, LIMITS) as address,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        yield Client(address, http)


async def test_posts_are_taken_once_they_are_acknowledged_and_counted(client: Client, collector: Collector) -> None:
    answer = await client.send(ndjson(line(1), line(2)))
    assert (answer.status, answer.said) == (202, {"accepted": 2, "rejected": 0, "first_rejected": []})
    assert collector.posts == ["n-1", "n-2"]


async def test_an_answer_waits_for_the_acknowledgement(client: Client, collector: Collector) -> None:
    collector.open.clear()
    sending = asyncio.create_task(client.send(ndjson(line(1))))
    await asyncio.sleep(0.1)
    assert not sending.done()
    collector.open.set()
    assert (await sending).status == 202


async def test_a_post_says_who_pushed_it_and_keeps_its_own_times(client: Client, collector: Collector) -> None:
    raw = line(1, source_id="their own", observed_at="2026-11-24T12:00:01Z", transport="live")
    await client.send(raw)
    [post] = collector.delivered
    assert isinstance(post, Post)
    assert (post.source_id, post.transport, post.parser_version) == ("forum", "push", "push-1")
    assert post.observed_at is not None
    assert post.observed_at.isoformat() == "2026-11-24T12:00:01+00:00"
    assert post.raw_sha256 == hashlib.sha256(raw).hexdigest()


async def test_posts_of_a_platform_whose_terms_forbid_it_are_never_linked(client: Client, collector: Collector) -> None:
    await client.send(ndjson(line(1), line(2).replace(b'"push"', b'"x"')))
    assert [post.terms.may_link_actor for post in collector.delivered if isinstance(post, Post)] == [True, False]


async def test_an_array_is_taken_like_lines(client: Client, collector: Collector) -> None:
    answer = await client.send(b"[" + line(1) + b", 7,\n" + line(2) + b"]", "application/json")
    assert (answer.said["accepted"], answer.said["rejected"]) == (2, 1)
    assert answer.said["first_rejected"][0]["detail"].startswith("element 2: ")
    assert collector.posts == ["n-1", "n-2"]


async def test_a_bad_line_is_rejected_whole_with_its_number_and_its_neighbours_go_on(
    client: Client, collector: Collector
) -> None:
    answer = await client.send(ndjson(line(1), b"\xff\x00torn", b"", line(2)))
    assert (answer.status, answer.said["accepted"], answer.said["rejected"]) == (202, 2, 1)
    [rejected] = collector.rejected
    assert (rejected.raw, rejected.detail[:8]) == (b"\xff\x00torn", "line 2: ")


async def test_an_erasure_comes_in_as_one(client: Client, collector: Collector) -> None:
    erase = b'{"erase": {"platform": "push", "native_id": "n-1", "cause": "taken_down"}}'
    account = b'{"erase": {"platform": "push", "author_id": "a", "erased_at": "2026-11-24T12:00:00Z"}}'
    neither = b'{"erase": {"platform": "push"}}'
    answer = await client.send(ndjson(erase, account, neither))
    assert (answer.said["accepted"], answer.said["rejected"]) == (2, 1)
    assert [(one.native_id, one.author_id, one.cause) for one in collector.erasures] == [
        ("n-1", None, "taken_down"),
        (None, "a", "deleted"),
    ]


async def test_a_source_can_neither_send_nor_erase_what_is_anothers(client: Client, collector: Collector) -> None:
    other = line(1).replace(b'"push"', b'"bluesky"')
    erase = b'{"erase": {"platform": "bluesky", "native_id": "n-1"}}'
    answer = await client.send(ndjson(other, erase))
    assert (answer.said["accepted"], answer.said["rejected"]) == (0, 2)
    assert "platform is none of those" in answer.said["first_rejected"][1]["detail"]
    assert collector.erasures == []


def wrong_secret(client: Client) -> None:
    client.secret = b"another secret of forty bytes, for tests"


def unknown_source(client: Client) -> None:
    client.source = "nobody"


def too_old(client: Client) -> None:
    client.skew_s = -310


def too_new(client: Client) -> None:
    client.skew_s = 310


def no_signature(client: Client) -> None:
    client.headers = {"X-Fanal-Signature": ""}


def other_form(client: Client) -> None:
    client.headers = {"X-Fanal-Signature": "v2=" + "0" * 64}


def other_time(client: Client) -> None:
    client.headers = {"X-Fanal-Timestamp": str(int(time.time()) + 1)}


def no_number(client: Client) -> None:
    client.headers = {"X-Fanal-Timestamp": "٣"}


WRONGS = [wrong_secret, unknown_source, too_old, too_new, no_signature, other_form, other_time]


@pytest.mark.parametrize("wrong", WRONGS)
async def test_whatever_is_wrong_with_a_signature_the_answer_is_the_same(
    client: Client, collector: Collector, wrong: Callable[[Client], None]
) -> None:
    wrong(client)
    answer = await client.send(ndjson(line(1)))
    assert (answer.status, answer.said) == (
        401,
        {"error": "not authorised: see docs/sources/push.md for how a request is signed"},
    )
    assert answer.headers["WWW-Authenticate"] == "Fanal-HMAC-SHA256"
    assert collector.delivered == []


async def test_a_signature_is_taken_once(client: Client, collector: Collector) -> None:
    body, stamp = ndjson(line(1)), str(int(time.time()))
    headers = {"Content-Type": NDJSON, "X-Fanal-Timestamp": stamp, "X-Fanal-Signature": sign(SECRET, stamp, body)}
    assert [(await client.as_is(body, headers)).status for _ in range(3)] == [202, 401, 401]
    assert collector.posts == ["n-1"]


async def test_a_request_that_was_not_taken_may_come_again_as_it_was(client: Client, collector: Collector) -> None:
    body, stamp = ndjson(line(1)), str(int(time.time()))
    headers = {"Content-Type": NDJSON, "X-Fanal-Timestamp": stamp, "X-Fanal-Signature": sign(SECRET, stamp, body)}
    headers["Idempotency-Key"] = "k"
    found = []
    for collector.fails in (FULL, AWAY, None, None):
        found.append((await client.as_is(body, headers)).status)
    assert found == [429, 503, 202, 401]


async def test_either_of_two_secrets_is_taken_while_one_replaces_the_other(collector: Collector) -> None:
    newer = b"the newer secret, for tests, of 40 bytes"
    both = PushSource("forum", (SECRET, newer), frozenset({"push"}))
    async with serving([both], collector, ANYWHERE) as address, aiohttp.ClientSession() as http:
        for secret in (SECRET, newer):
            assert (await Client(address, http, secret).send(ndjson(line(1)))).status == 202


async def test_a_full_buffer_is_429_and_says_when_to_come_again(client: Client, collector: Collector) -> None:
    collector.fails = FULL
    answer = await client.send(ndjson(line(1)))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")


async def test_a_broker_that_is_away_is_503_and_nothing_is_said_to_be_taken(
    client: Client, collector: Collector
) -> None:
    collector.fails = AWAY
    answer = await client.send(ndjson(line(1)))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")


async def test_what_fails_unforeseen_is_500_and_may_come_again(client: Client, collector: Collector) -> None:
    collector.fails = RuntimeError("bug")
    assert (await client.send(ndjson(line(1)), Idempotency_Key="k")).status == 500
    collector.fails = None
    assert (await client.send(ndjson(line(1)), Idempotency_Key="k")).status == 202


async def test_a_key_that_is_known_gets_the_same_answer_and_sends_nothing_twice(
    client: Client, collector: Collector
) -> None:
    client.skew_s = -3
    first = await client.send(ndjson(line(1), b"bad"), Idempotency_Key="k-1")
    client.skew_s = 3
    second = await client.send(ndjson(line(1), b"bad"), Idempotency_Key="k-1")
    assert (first.status, first.said) == (second.status, second.said)
    assert collector.posts == ["n-1"]


async def test_a_key_with_another_body_is_refused(client: Client, collector: Collector) -> None:
    await client.send(ndjson(line(1)), Idempotency_Key="k-1")
    assert (await client.send(ndjson(line(2)), Idempotency_Key="k-1")).status == 422
    client.skew_s = 2
    assert (await client.send(ndjson(line(2)), Idempotency_Key="k-2")).status == 202
    assert (await client.send(ndjson(line(3)), Idempotency_Key="a key")).status == 400
    assert collector.posts == ["n-1", "n-2"]


async def test_a_key_under_way_is_409(client: Client, collector: Collector) -> None:
    collector.open.clear()
    client.skew_s = -2
    first = asyncio.create_task(client.send(ndjson(line(1)), Idempotency_Key="k"))
    await asyncio.sleep(0.1)
    client.skew_s = 2
    answer = await client.send(ndjson(line(1)), Idempotency_Key="k")
    assert (answer.status, answer.headers["Retry-After"]) == (409, "1")
    collector.open.set()
    assert (await first).status == 202


async def slowly(body: bytes, pause_s: float = 0) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]
        await asyncio.sleep(pause_s)


async def test_a_body_over_the_limit_is_413_by_its_length_and_by_what_comes(
    client: Client, collector: Collector
) -> None:
    body, stamp = b"x" * 100_001, str(int(time.time()))
    headers = {"Content-Type": NDJSON, "X-Fanal-Timestamp": stamp, "X-Fanal-Signature": sign(SECRET, stamp, body)}
    assert (await client.as_is(body, headers)).status == 413
    assert (await client.as_is(slowly(body), headers)).status == 413
    assert collector.delivered == []


async def test_a_body_of_just_the_limit_is_taken_whole(client: Client, collector: Collector) -> None:
    assert (await client.send(b"x" * 100_000)).status == 202
    assert [len(one.raw) for one in collector.rejected] == [100_000]


async def test_a_body_that_never_ends_is_408(client: Client) -> None:
    stamp = str(int(time.time()))
    headers = {"Content-Type": NDJSON, "X-Fanal-Timestamp": stamp, "X-Fanal-Signature": "v1=" + "0" * 64}
    assert (await client.as_is(slowly(b"x" * 90_000, 0.3), headers)).status == 408


async def test_more_in_hand_than_there_is_room_for_is_429_until_there_is(client: Client, collector: Collector) -> None:
    collector.open.clear()
    bodies = [ndjson(line(number, text="t" * 15_000 + str(number))) * 6 for number in range(4)]
    sending = [asyncio.create_task(client.send(body)) for body in bodies[:2]]
    await asyncio.sleep(0.2)
    answer = await client.send(bodies[2])
    assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    collector.open.set()
    assert [(await one).status for one in sending] == [202, 202]
    assert (await client.send(bodies[3])).status == 202


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [("text/plain", "identity"), ("application/xml", "gzip"), (NDJSON, "br"), (NDJSON, "gzip, gzip")],
)
async def test_another_type_or_packing_is_415(client: Client, content_type: str, encoding: str) -> None:
    assert (await client.send(ndjson(line(1)), content_type, Content_Encoding=encoding)).status == 415


async def test_a_packed_body_is_signed_as_sent_and_unpacked(client: Client, collector: Collector) -> None:
    packed = gzip.compress(ndjson(line(1))) + gzip.compress(ndjson(line(2)))
    assert (await client.send(packed, Content_Encoding="gzip")).status == 202
    assert collector.posts == ["n-1", "n-2"]


async def test_a_bomb_is_413_and_torn_or_false_gzip_400(client: Client, collector: Collector) -> None:
    bomb = gzip.compress(bytes(50 << 20))
    assert len(bomb) < 100_000
    found = []
    for body in (bomb, gzip.compress(bytes(90_000)) * 2, gzip.compress(line(1))[:-9], line(1), gzip.compress(b"") * 99):
        found.append((await client.send(body, Content_Encoding="gzip")).status)  # noqa: PERF401
    assert found == [413, 413, 400, 400, 400]
    assert collector.delivered == []


async def test_more_events_than_a_body_may_hold_are_413(collector: Collector) -> None:
    async with serving([SOURCE], collector, ANYWHERE) as address, aiohttp.ClientSession() as http:
        client = Client(address, http)
        for count, status in ((MAX_EVENTS, 202), (MAX_EVENTS + 1, 413), (MAX_EVENTS * 3, 413), (2_000_000, 413)):
            assert (await client.send(b"1\n" * count)).status == status
            assert (await client.send(b"[" + b"1," * (count - 1) + b"1]", "application/json")).status == status
    assert len(collector.rejected) == 2 * MAX_EVENTS


async def test_an_empty_body_holds_nothing(client: Client) -> None:
    assert (await client.send(b"")).said["accepted"] == 0
    assert (await client.send(b" [ ] ", "application/json")).said["accepted"] == 0


async def test_what_is_no_array_is_400(client: Client) -> None:
    assert (await client.send(line(1), "application/json")).status == 400


async def test_a_port_that_is_taken_is_said_in_a_line(collector: Collector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = Listening(port=taken.getsockname()[1])
        with pytest.raises(ConfigurationError, match=r"port \d+ on 127.0.0.1 is taken"):
            async with serving([SOURCE], collector, at):
                pass


async def test_a_body_larger_than_a_record_may_be_cannot_be_asked_for(collector: Collector) -> None:
    with pytest.raises(ConfigurationError, match="must fit in a record"):
        async with serving([SOURCE], collector, ANYWHERE, Limits(body=17 << 20)):
            pass


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
async def test_the_example_of_the_manual_sends_a_file(client: Client, collector: Collector, tmp_path: Path) -> None:
    manual = (Path(__file__).parent.parent / "docs" / "sources" / "push.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```sh\n(.*?)```", manual, flags=re.DOTALL)
    (tmp_path / "posts.ndjson").write_bytes(ndjson(line(1), line(2, text="bonjour ⛵")))
    env = {**os.environ, "SECRET": SECRET.decode(), "URL": client.address, "no_proxy": "*"}
    running = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", example, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await running.communicate()
    assert (running.returncode, err) == (0, b"")
    assert json.loads(out)["accepted"] == 2
    assert collector.posts == ["n-1", "n-2"]


def test_push_listens_on_loopback_unless_told_otherwise() -> None:
    assert Listening().host == "127.0.0.1"
