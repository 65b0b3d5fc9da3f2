"""Replay as a source: every line once, in order, and on from the cursor wherever it was cut off."""

import asyncio
import gzip
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.codec import encode
from pipeline.posts import Erasure, Post, Rejected
from pipeline.sources.connector import Connector, Cursor, Event, SourceRefused, Step
from pipeline.sources.files import HEAD, Replay
from pipeline.sources.lines import AT_ONCE, MAX_LINE
from tests.fakes import NOW, post

PACKS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
KINDS = pytest.mark.parametrize("suffix", PACKS)


def put(folder: Path, data: bytes, suffix: str = "", name: str = "posts.ndjson") -> Path:
    path = folder / f"{name}{suffix}"
    path.write_bytes(PACKS[suffix](data))
    return path


def numbered(count: int) -> bytes:
    return b"".join(encode(post(n)) + b"\n" for n in range(count))


async def steps(path: Path, cursor: Cursor | None = None, **more: Any) -> list[Step]:
    source: Connector = Replay("archive", path, **more)
    return [step async for step in source.steps(cursor)]


async def events(path: Path, cursor: Cursor | None = None) -> list[Event]:
    return [event for step in await steps(path, cursor) for event in step.events]


def ids(found: list[Event]) -> list[str]:
    return [event.native_id for event in found if isinstance(event, Post)]


def after(found: list[Step]) -> Cursor:
    cursor = found[-1].cursor
    assert cursor is not None
    return cursor


@KINDS
async def test_all_lines_come_in_order_and_the_source_ends_with_the_file(tmp_path: Path, suffix: str) -> None:
    found = await events(put(tmp_path, numbered(1200), suffix))
    assert ids(found) == [f"n-{n}" for n in range(1200)]


@KINDS
async def test_from_any_cursor_the_rest_comes_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path, numbered(1200), suffix)
    for number, step in enumerate(await steps(path), 1):
        done = min(number * AT_ONCE, 1200)
        assert step.cursor is not None
        assert step.cursor["line"] == str(done)
        assert ids(await events(path, step.cursor)) == [f"n-{n}" for n in range(done, 1200)]


async def one_life(path: Path, cursor: Cursor | None, cut_at: int) -> tuple[list[str], Cursor | None, bool]:
    """Read until the k-th step: it was delivered, and the process died before its cursor was written (if it has moved at all)."""
    arrived: list[str] = []
    written = cursor
    reading = Replay("archive", path).steps(cursor)
    async for step in reading:
        arrived += ids(list(step.events))
        cut_at -= 1
        if not cut_at:
            await reading.aclose()  # type: ignore[attr-defined] # a generator, as every connector's
            return arrived, written if written != cursor else step.cursor, False
        written = step.cursor
    return arrived, written, True


@KINDS
@pytest.mark.parametrize("cut_at", range(1, 21))
async def test_cut_off_at_every_kth_step_every_line_arrives(
    tmp_path: Path, suffix: str, cut_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.files.AT_ONCE", 7)
    path = put(tmp_path, numbered(101), suffix)
    cursor, over, all_ids = None, False, list[str]()
    while not over:
        arrived, cursor, over = await one_life(path, cursor, cut_at)
        all_ids += arrived
    assert list(dict.fromkeys(all_ids)) == [f"n-{n}" for n in range(101)]
    assert len(all_ids) <= 101 * 2


async def test_a_bad_line_is_rejected_with_its_number_also_after_a_restart(tmp_path: Path) -> None:
    data = numbered(AT_ONCE) + b"bad\n" + b"\n\r\n" + encode(post(7)) + b"\n\xff\n"
    path = put(tmp_path, data)
    first = await steps(path)
    assert [one.detail.split(": ")[0] for step in first for one in step.events if isinstance(one, Rejected)] == [
        f"line {AT_ONCE + 1} of posts.ndjson",
        f"line {AT_ONCE + 5} of posts.ndjson",
    ]
    rest = await events(path, first[0].cursor)
    assert [type(event) for event in rest] == [Rejected, Post, Rejected]
    assert rest[0] == first[1].events[0]
    assert isinstance(rest[2], Rejected)
    assert rest[2].raw == b"\xff"


async def test_a_post_keeps_its_times_and_says_that_it_was_replayed(tmp_path: Path) -> None:
    recorded = post(1, observed_at=NOW, source_id="jetstream", transport="live", raw_sha256="00")
    [found] = await events(put(tmp_path, encode(recorded)))
    assert isinstance(found, Post)
    assert (found.created_at, found.observed_at, found.raw_sha256) == (NOW, NOW, "00")
    assert (found.source_id, found.transport, found.parser_version) == ("archive", "replay", "replay-1")


async def test_a_recorded_erasure_is_one(tmp_path: Path) -> None:
    [found] = await events(put(tmp_path, b'{"erase": {"platform": "push", "native_id": "n-1"}}\n'))
    assert isinstance(found, Erasure)


@KINDS
async def test_a_last_line_that_is_torn_is_read_again_when_it_is_whole(tmp_path: Path, suffix: str) -> None:
    data = numbered(3)
    path = put(tmp_path, data[:-20], suffix)
    first = await steps(path)
    assert [type(event) for event in first[0].events] == [Post, Post, Rejected]
    if not suffix:
        path.write_bytes(data + encode(post(3)))
        assert ids(await events(path, after(first))) == ["n-2", "n-3"]
    else:
        assert len(await events(path, after(first))) == 1


async def test_a_torn_line_that_ends_with_a_carriage_return_is_read_again_whole(tmp_path: Path) -> None:
    path = put(tmp_path, encode(post(1)) + b"\n" + encode(post(2)) + b"\r")
    again = await events(path, after(await steps(path)))
    assert ids(again) == ["n-2"]


async def test_what_is_appended_is_read_on_from_the_cursor(tmp_path: Path) -> None:
    path = put(tmp_path, numbered(2))
    cursor = after(await steps(path))
    assert int(cursor["head_bytes"]) < HEAD
    path.write_bytes(numbered(500))
    assert ids(await events(path, cursor)) == [f"n-{n}" for n in range(2, 500)]


@KINDS
async def test_another_file_under_the_name_is_read_from_its_start(
    tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    cursor = after(await steps(put(tmp_path, numbered(20), suffix)))
    path = put(tmp_path, b"".join(encode(post(n + 100)) + b"\n" for n in range(20)), suffix)
    assert ids(await events(path, cursor)) == [f"n-{n + 100}" for n in range(20)]
    assert "another file" in caplog.text


async def test_a_file_that_was_cut_short_is_read_from_its_start(tmp_path: Path) -> None:
    path = put(tmp_path, numbered(500))
    cursor = after(await steps(path))
    path.write_bytes(numbered(100))
    assert len(ids(await events(path, cursor))) == 100


@pytest.mark.parametrize(
    "cursor",
    [
        {},
        {"offset": "x", "line": "1", "head": "", "head_bytes": "1"},
        {"offset": "-1", "line": "1", "head": "", "head_bytes": "1"},
    ],
)
async def test_a_cursor_of_something_else_is_refused_in_a_line(tmp_path: Path, cursor: Cursor) -> None:
    with pytest.raises(SourceRefused, match=r"the cursor is none of a replay's"):
        await steps(put(tmp_path, numbered(1)), cursor)


async def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ndjson", tmp_path):
        with pytest.raises(SourceRefused, match="no such file"):
            await steps(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
async def test_a_damaged_file_gives_the_lines_before_and_says_so(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path, b"".join(encode(post(n, text=f"{n * 7919 % 99991}" * 9)) + b"\n" for n in range(4000)), suffix)
    path.write_bytes(path.read_bytes()[:-3000])
    found: list[Event] = []
    cursor: Cursor | None = None
    with pytest.raises(SourceRefused, match="damaged after line"):
        async for step in Replay("archive", path).steps(None):
            found += step.events
            cursor = step.cursor
    assert ids(found) == [f"n-{n}" for n in range(len(found))]
    assert 100 < len(found) < 4000
    with pytest.raises(SourceRefused, match="damaged after line"):
        await steps(path, cursor)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
async def test_a_packed_file_that_is_shorter_than_its_cursor_is_refused(tmp_path: Path, suffix: str) -> None:
    path = put(tmp_path, numbered(3), suffix)
    cursor = dict(after(await steps(path))) | {"offset": "99999"}
    with pytest.raises(SourceRefused, match="shorter than its cursor says"):
        await steps(path, cursor)


async def test_an_overlong_line_is_cut_and_the_cursor_stands_behind_it(tmp_path: Path) -> None:
    path = put(tmp_path, b"x" * (MAX_LINE + 9) + b"\n" + encode(post(1)) + b"\n")
    found = await steps(path, None, rate=4.0)
    [rejected] = found[0].events
    assert isinstance(rejected, Rejected)
    assert "line 1 of posts.ndjson, cut" in rejected.detail
    assert ids(await events(path, found[0].cursor)) == ["n-1"]


async def test_at_a_pace_lines_come_no_faster(tmp_path: Path) -> None:
    path = put(tmp_path, numbered(30))
    started = time.monotonic()
    found = await steps(path, None, rate=100.0)
    assert 0.29 <= time.monotonic() - started < 2
    assert max(len(step.events) for step in found) == 25


async def test_reading_that_is_cancelled_leaves_nothing_open(tmp_path: Path) -> None:
    path = put(tmp_path, numbered(3000), ".gz")

    async def read() -> None:
        async for _ in Replay("archive", path, rate=1.0).steps(None):
            pass

    task = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


counter = itertools.count()


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60)), st.sampled_from(list(PACKS)), st.booleans())
async def test_whatever_a_line_holds_it_is_rejected_and_its_neighbours_arrive(
    tmp_path: Path, lines: list[bytes], suffix: str, ended: bool
) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    good = [encode(post(n)) for n in range(len(lines))]
    data = b"\n".join(one for pair in zip(lines, good, strict=True) for one in pair) + b"\n" * ended
    found = await events(put(tmp_path, data, suffix, f"f{next(counter)}"))
    assert ids(found) == [f"n-{n}" for n in range(len(lines))]
    raws = [event.raw for event in found if isinstance(event, Rejected)]
    assert raws == [line.rstrip(b"\r\n") for line in lines if line.strip()]
