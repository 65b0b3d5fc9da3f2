"""Fetching into the cache: once, checked, safe against half downloads and against another process."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import ConfigurationError, LocalStackError
from pipeline.local.fetch import fetch
from pipeline.local.jars import Jar
from pipeline.local.report import to_nobody


def jar(name: str, content: bytes) -> Jar:
    return Jar("kafka", "org.example", name, "1", len(content), hashlib.sha256(content).hexdigest())


CONTENT = {"one": b"first jar", "two": b"second jar"}
WANTED = [jar(name, content) for name, content in CONTENT.items()]


@dataclass
class Mirror:
    """A source that serves `CONTENT`, after as many damaged answers as it is told."""

    damaged: int = 0
    unreachable: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, wanted: Jar, folder: Path, advance: Callable[[int], None], /) -> Path:
        self.asked.append(wanted.artifact)
        if self.unreachable:
            raise OSError("no route")
        content = CONTENT[wanted.artifact]
        if self.damaged:
            self.damaged -= 1
            content = content[:4]
        advance(len(content))
        arrived = folder / wanted.name
        arrived.write_bytes(content)
        return arrived


def content_of(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (cache / "jars").iterdir()}


EXPECTED = {"one-1.jar": b"first jar", "two-1.jar": b"second jar"}


def test_the_jars_are_fetched_once_and_the_licence_is_said(tmp_path: Path) -> None:
    mirror, said = Mirror(), list[str]()
    fetch(tmp_path, said.append, WANTED, mirror)
    fetch(tmp_path, said.append, WANTED, mirror)
    assert content_of(tmp_path) == EXPECTED
    assert sorted(mirror.asked) == ["one", "two"]
    assert sum("Apache License 2.0" in line for line in said) == 1


def test_without_a_stamp_the_jars_are_compared_and_not_fetched(tmp_path: Path) -> None:
    fetch(tmp_path, to_nobody, WANTED, Mirror())
    (tmp_path / "jars.stamp").unlink()
    fetch(tmp_path, to_nobody, WANTED, mirror := Mirror())
    assert mirror.asked == []
    assert (tmp_path / "jars.stamp").exists()


def test_a_jar_that_was_damaged_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    fetch(tmp_path, to_nobody, WANTED, Mirror())
    (tmp_path / "jars" / "two-1.jar").write_bytes(b"second jaR")
    fetch(tmp_path, to_nobody, WANTED, mirror := Mirror())
    assert mirror.asked == ["two"]
    assert content_of(tmp_path) == EXPECTED


def test_a_jar_that_vanished_is_fetched_anew(tmp_path: Path) -> None:
    fetch(tmp_path, to_nobody, WANTED, Mirror())
    (tmp_path / "jars" / "one-1.jar").unlink()
    fetch(tmp_path, to_nobody, WANTED, mirror := Mirror())
    assert mirror.asked == ["one"]


def test_a_truncated_download_is_tried_once_more(tmp_path: Path) -> None:
    fetch(tmp_path, to_nobody, WANTED[:1], mirror := Mirror(damaged=1))
    assert mirror.asked == ["one", "one"]
    assert content_of(tmp_path) == {"one-1.jar": b"first jar"}


@pytest.mark.parametrize(
    ("mirror", "reason"), [(Mirror(damaged=9), "is not what"), (Mirror(unreachable=True), "no route")]
)
def test_a_jar_that_cannot_be_had_is_one_line_and_leaves_nothing(tmp_path: Path, mirror: Mirror, reason: str) -> None:
    with pytest.raises(LocalStackError, match=reason) as failure:
        fetch(tmp_path, to_nobody, WANTED[:1], mirror)
    assert "org.example:one:1" in str(failure.value)
    assert "\n" not in str(failure.value)
    assert content_of(tmp_path) == {}
    assert not (tmp_path / "jars.stamp").exists()
    assert not list(tmp_path.glob("incoming-*"))


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot write to the cache"):
        fetch(tmp_path / "cache", to_nobody, WANTED, Mirror())


def test_what_a_killed_fetch_left_behind_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "incoming-dead").mkdir()
    fetch(tmp_path, to_nobody, WANTED, Mirror())
    assert not (tmp_path / "incoming-dead").exists()


def test_two_processes_may_fetch_at_once(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tests.test_local_fetch import *\n"
        "class Slow(Mirror):\n"
        "    def __call__(self, wanted, folder, advance, /):\n"
        "        time.sleep(0.5); return super().__call__(wanted, folder, advance)\n"
        "mirror = Slow(); fetch(Path(sys.argv[1]), to_nobody, WANTED, mirror); print(len(mirror.asked))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    asked = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert asked == ["0", "2"]
    assert content_of(tmp_path) == EXPECTED
