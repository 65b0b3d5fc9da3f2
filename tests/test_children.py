"""Workers as child processes: started again when killed, ended with their parent, stopped in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pipeline.children import Children

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def until(true: Callable[[], bool], look: Callable[[], None] = lambda: None) -> None:
    """Wait, and look, until something is true."""
    end = time.monotonic() + 60
    while not true():
        look()
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_child_that_is_killed_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with Children(tmp_path, report=said.append) as children:
        children.start("screening", SLEEP)
        first = children.pids()["screening"]
        os.kill(first, signal.SIGKILL)
        until(lambda: children.pids().get("screening", first) != first, children.look)
        assert alive(children.pids()["screening"])
    assert len(said) == 1
    assert said[0].startswith("the screening worker was killed by SIGKILL")


def test_a_child_that_keeps_dying_is_started_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    said: list[str] = []
    with Children(tmp_path, report=said.append) as children:
        children.start("indexing", [sys.executable, "-c", "raise SystemExit(3)"])
        until(lambda: len(said) == 2, children.look)
        assert children._children["indexing"].pause_s == 2.0
    assert said[0].startswith("the indexing worker ended with exit code 3")


def test_a_child_that_cannot_be_started_again_is_tried_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Children(tmp_path, report=said.append) as children:
        children.start("screening", SLEEP)
        os.kill(children.pids()["screening"], signal.SIGKILL)
        with monkeypatch.context() as broken:
            broken.setattr(children, "_spawn", full)
            until(lambda: len(said) == 2, children.look)
        until(lambda: "screening" in children.pids(), children.look)
    assert said[1] == "the screening worker cannot be started (No space left on device); trying again"


def test_children_are_ended_when_their_parent_leaves(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start("one", SLEEP)
        children.start("two", SLEEP)
        pids = list(children.pids().values())
        assert len(pids) == 2
    assert not any(map(alive, pids))


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.children.STOP_S", 0.2)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('deaf', 'w').close(); time.sleep(600)"
    )
    monkeypatch.chdir(tmp_path)
    with Children(tmp_path) as children:
        children.start("deaf", [sys.executable, "-c", deaf])
        until((tmp_path / "deaf").exists)
        pid = children.pids()["deaf"]
    assert not alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a child learns of its parent's end otherwise")
def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from pipeline.children import Children
children = Children(Path({str(tmp_path)!r}))
children.start("one", {SLEEP!r})
print(children.pids()["one"], flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    until(lambda: alive(child) and psutil.Process(child).cmdline()[1:2] == ["-c"])
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(child))


def test_what_a_child_says_goes_to_its_log_and_its_environment_is_its_own(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['FANAL_DATA'], file=sys.stderr)"
    with Children(tmp_path / "logs") as children:
        children.start("screening", [sys.executable, "-c", code], {"FANAL_DATA": "there"})
        until(lambda: (tmp_path / "logs" / "screening.log").read_text() == "there\n")
    assert "FANAL_DATA" not in os.environ or os.environ["FANAL_DATA"] != "there"
