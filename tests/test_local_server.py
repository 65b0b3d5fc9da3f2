"""A child process, its log, and what happens when it or its parent ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.errors import LocalStackError
from pipeline.local import logs, machine
from pipeline.local.report import to_nobody
from pipeline.local.server import Recipe, Server, last_errors, trim
from pipeline.local.supervise import Attempts, stop_all, wait_ready


@pytest.fixture
def descriptor() -> Iterator[int]:
    opened = os.open(os.devnull, os.O_RDONLY)
    yield opened
    os.close(opened)


def shell(log: Path, text: str, ready: Callable[[], bool] = lambda: True) -> Server:
    return Server(Recipe("kafka", ["/bin/sh", "-c", text], log, ready))


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_a_server_starts_in_a_session_of_its_own_and_stops_cleanly(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "exec sleep 60")
    server.start(descriptor)
    assert server.pid is not None
    assert wait_until(lambda: os.getsid(server.pid or 0) == server.pid)
    server.ask_to_stop()
    assert server.wait_stopped()
    assert not server.alive
    assert server.pid is None


def test_a_server_that_does_not_stop_is_killed_and_reported(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "trap '' TERM; echo up; while :; do sleep 0.1; done")
    server.start(descriptor)
    assert wait_until(lambda: logs.tail(tmp_path / "log", 1) == ["up"])
    server.ask_to_stop()
    assert not server.wait_stopped(seconds=0.5)
    assert not server.alive


def test_a_server_that_was_killed_can_be_started_again(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "exec sleep 60")
    server.start(descriptor)
    first = server.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: not server.alive)
    server.start(descriptor)
    assert server.pid not in (None, first)
    stop_all([server], to_nobody)


def test_a_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from pipeline.local.server import Recipe, Server\n"
        "log = Path(sys.argv[1])\n"
        "server = Server(Recipe('kafka', ['/bin/sleep', '60'], log, lambda: True))\n"
        "server.start(os.open(os.devnull, os.O_RDONLY)); print(server.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert wait_until(lambda: Path(f"/proc/{child}/comm").read_text() == "sleep\n")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: ended(child))


def ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_a_server_that_ends_while_it_starts_is_reported_with_its_log(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "echo starting; echo 'ERROR the disk is on fire'; echo bye; exit 1", lambda: False)
    server.start(descriptor)
    with pytest.raises(LocalStackError, match=r"kafka ended while it started.*the disk is on fire") as failure:
        wait_ready([server], threading.Event())
    assert "\n" not in str(failure.value)
    stop_all([server], to_nobody)


def test_a_server_that_is_never_ready_is_reported_after_the_deadline(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "exec sleep 60", lambda: False)
    server.start(descriptor)
    with pytest.raises(LocalStackError, match="not ready within"):
        wait_ready([server], threading.Event(), seconds=0.3)
    stop_all([server], to_nobody)


def test_waiting_ends_when_the_stack_is_being_stopped(tmp_path: Path, descriptor: int) -> None:
    server = shell(tmp_path / "log", "exec sleep 60", lambda: False)
    server.start(descriptor)
    given_up = threading.Event()
    given_up.set()
    wait_ready([server], given_up)
    stop_all([server], to_nobody)


def test_the_pause_between_starts_doubles_up_to_a_minute_and_health_resets_it() -> None:
    attempts, pauses = Attempts(), []
    for now in (0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0):
        assert attempts.due(now)
        attempts.note(now)
        pauses.append(attempts.pause())
        assert not attempts.due(now + 0.9)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert attempts.due(200.0)
    assert attempts.pause() == 0


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "kafka.log"
    with log.open("wb") as stream:
        stream.truncate(20_000_001)
    trim(log)
    assert not log.exists()
    assert (tmp_path / "kafka.log.1").stat().st_size == 20_000_001


def test_the_last_errors_of_a_log_are_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_errors(log) == "no log"
    log.write_text("", encoding="utf-8")
    assert last_errors(log) == "an empty log"
    log.write_text("all is well\nstill well\n", encoding="utf-8")
    assert last_errors(log) == "still well"
    log.write_text("ERROR a\nwell\njava.io.IOException: b\nwell\n", encoding="utf-8")
    assert last_errors(log) == "ERROR a | java.io.IOException: b"


def test_a_log_is_followed_over_its_renewal(tmp_path: Path) -> None:
    log, seen = tmp_path / "log", list[tuple[str, str]]()
    log.write_text("old\n", encoding="utf-8")
    steps = iter(["more\nhal", "f\n", None, "new\n"])

    def going_on() -> bool:
        try:
            step = next(steps)
        except StopIteration:
            return len(seen) < 3
        if step is None:
            log.write_text("", encoding="utf-8")
        else:
            with log.open("a", encoding="utf-8") as stream:
                stream.write(step)
        return True

    for line in logs.follow({"kafka": log}, going_on):
        seen.append(line)
    assert seen == [("kafka", "more"), ("kafka", "half"), ("kafka", "new")]


def test_a_containers_memory_limit_counts(tmp_path: Path) -> None:
    assert machine.memory_available(tmp_path) > 0
    (tmp_path / "memory.max").write_text("1000000\n", encoding="utf-8")
    (tmp_path / "memory.current").write_text("400000\n", encoding="utf-8")
    assert machine.memory_available(tmp_path) == 600_000
    (tmp_path / "memory.max").write_text("max\n", encoding="utf-8")
    assert machine.memory_available(tmp_path) > 600_000


def test_too_little_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DISK_NEEDED", 10**18)
    with pytest.raises(LocalStackError, match=r"disk free under .* needed: make room") as failure:
        machine.require_room(tmp_path)
    assert "\n" not in str(failure.value)


def test_too_little_memory_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MEMORY_NEEDED", 10**18)
    with pytest.raises(LocalStackError, match=r"of memory available, .* needed"):
        machine.require_room(tmp_path)
