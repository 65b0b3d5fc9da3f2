"""Lines of files: plain or compressed, whole or damaged, of any length."""

import gzip
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.sources.lines import KEPT_OF_OVERLONG, MAX_LINE, SourceLine, opened, read_lines

DATA = b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(5000))
PACKS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}


def read(path: Path) -> list[SourceLine]:
    with opened(str(path)) as file:
        return list(read_lines(file, path.name))


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@given(st.lists(st.binary()))
def test_lines_come_as_they_stand_with_their_numbers(raws: list[bytes]) -> None:
    data = b"\n".join(raws)
    expected = [(number, raw.rstrip(b"\r")) for number, raw in enumerate(data.split(b"\n"), 1) if raw.strip()]
    assert [(line.number, line.raw) for line in read_lines(io.BytesIO(data), "x")] == expected


def test_blank_lines_are_passed_over_and_counted() -> None:
    found = list(read_lines(io.BytesIO(b"one\r\n\r\n \ntwo"), "x"))
    assert found == [SourceLine(1, b"one"), SourceLine(4, b"two")]


def test_an_overlong_line_is_cut_and_its_neighbours_go_on() -> None:
    found = list(read_lines(io.BytesIO(b"one\n" + b"x" * (MAX_LINE + 1) + b"\ntwo\n"), "x"))
    assert [(line.number, len(line.raw), line.cut) for line in found] == [
        (1, 3, False),
        (2, KEPT_OF_OVERLONG, True),
        (3, 3, False),
    ]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_of_just_the_limit_is_whole(end: bytes) -> None:
    [line] = read_lines(io.BytesIO(b"x" * MAX_LINE + end), "x")
    assert (len(line.raw), line.cut) == (MAX_LINE, False)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_file_is_read_as_the_plain_one(tmp_path: Path, suffix: str) -> None:
    plain = read(put(tmp_path / "posts.ndjson", DATA))
    assert read(put(tmp_path / f"posts{suffix}", PACKS[suffix](DATA))) == plain
    assert len(plain) == 5000


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_several_files_packed_one_behind_the_other_are_all_read(tmp_path: Path, suffix: str) -> None:
    pack = PACKS[suffix]
    assert len(read(put(tmp_path / f"two{suffix}", pack(b"one\n") + pack(b"two\n") + pack(b"")))) == 2


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_bomb_is_read_in_bounded_memory(tmp_path: Path, suffix: str) -> None:
    [line] = read(put(tmp_path / f"bomb{suffix}", PACKS[suffix](bytes(64 << 20))))
    assert (line.cut, len(line.raw)) == (True, KEPT_OF_OVERLONG)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("keep", [6, 1000, 100_000])
def test_a_file_that_is_torn_off_gives_its_lines_and_says_so(tmp_path: Path, suffix: str, keep: int) -> None:
    path = put(tmp_path / f"torn{suffix}", PACKS[suffix](DATA)[:keep])
    found = []
    with opened(str(path)) as file, pytest.raises(UsageError, match="damaged after line"):
        for line in read_lines(file, path.name):
            found.append(line)  # noqa: PERF402
    assert [line.raw for line in found] == DATA.splitlines()[: len(found)]
    assert found or keep < 100_000


def test_a_file_with_a_damaged_middle_says_so(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(DATA))
    packed[5000:5200] = bytes(200)
    with pytest.raises(UsageError, match="damaged after line"):
        read(put(tmp_path / "bad.gz", bytes(packed)))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(UsageError, match="damaged after line 0"):
        read(put(tmp_path / f"plain{suffix}", DATA))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_an_empty_file_has_no_lines(tmp_path: Path, suffix: str) -> None:
    assert read(put(tmp_path / f"empty{suffix}", b"")) == []


def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.ndjson", tmp_path):
        with pytest.raises(UsageError, match="no such file"):
            read(path)
