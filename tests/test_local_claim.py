"""One process at a time has a data folder, and its servers hold it for as long as they run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.errors import LocalStackError
from pipeline.local import stack
from pipeline.local.claim import claim, claimed, holder_of
from pipeline.local.endpoints import Endpoints, Running, read_endpoints, read_running, remember

RUNNING = Running(Endpoints("127.0.0.1:1", "http://127.0.0.1:2"), os.getpid(), {"kafka": 3})


def test_a_folder_that_is_held_is_refused_with_the_holders_pid(tmp_path: Path) -> None:
    held = claim(tmp_path)
    try:
        with pytest.raises(LocalStackError, match=f"already running.*pid {os.getpid()}") as refusal:
            claim(tmp_path)
    finally:
        held.release()
    assert "\n" not in str(refusal.value)
    claim(tmp_path).release()


def test_looking_does_not_keep_a_start_from_claiming(tmp_path: Path) -> None:
    assert not claimed(tmp_path)
    held = claim(tmp_path)
    assert claimed(tmp_path)
    held.release()
    assert not claimed(tmp_path)


def test_a_server_that_outlives_its_parent_still_holds_the_folder(tmp_path: Path) -> None:
    held = claim(tmp_path)
    server = subprocess.Popen(["sleep", "60"], pass_fds=(held.descriptor,))
    held.release()
    assert claimed(tmp_path)
    server.kill()
    server.wait()
    assert not claimed(tmp_path)


def test_a_start_waits_for_the_servers_of_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys; from pathlib import Path; from pipeline.local.claim import claim\n"
        "subprocess.Popen(['sleep', '2'], pass_fds=(claim(Path(sys.argv[1])).descriptor,))\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=30)
    assert claimed(tmp_path)
    assert holder_of(tmp_path) is None
    begin = time.monotonic()
    claim(tmp_path).release()
    assert time.monotonic() - begin < 10


def test_a_reused_pid_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(str(os.getpid()), encoding="utf-8")
    assert holder_of(tmp_path) is None
    held = claim(tmp_path)
    assert holder_of(tmp_path) == os.getpid()
    held.release()


def test_endpoints_of_a_dead_stack_do_not_count(tmp_path: Path) -> None:
    held = claim(tmp_path)
    remember(tmp_path, RUNNING)
    assert read_running(tmp_path) == RUNNING
    assert read_endpoints(tmp_path) == RUNNING.endpoints
    held.release()
    assert read_endpoints(tmp_path) is None


def test_endpoints_that_are_not_written_yet_are_none(tmp_path: Path) -> None:
    held = claim(tmp_path)
    assert read_endpoints(tmp_path) is None
    held.release()


def test_reset_deletes_the_data_of_all_three_and_keeps_the_rest(tmp_path: Path) -> None:
    for part in ("kafka", "search", "faust", "logs"):
        (tmp_path / part / "deep").mkdir(parents=True)
    stack.reset(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "logs"]


def test_reset_refuses_while_the_stack_runs(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    held = claim(tmp_path)
    with pytest.raises(LocalStackError, match="already running"):
        stack.reset(tmp_path)
    held.release()
    assert (tmp_path / "kafka").exists()


def test_a_second_start_on_a_held_folder_starts_no_server(tmp_path: Path) -> None:
    held = claim(tmp_path)
    second = stack.LocalStack(tmp_path, tmp_path / "cache")
    with pytest.raises(LocalStackError, match="already running"):
        second.start()
    held.release()
    assert second.pids() == {}
    assert not (tmp_path / "cache").exists()


def test_the_claim_of_a_killed_holder_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline.local.claim import claim\n"
        "held = claim(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    assert claimed(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.wait()
    other.stdout.close()
    assert not claimed(tmp_path)
