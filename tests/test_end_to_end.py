"""`fanal run` and `fanal local` as a user runs them: in an empty folder, with the classifier that ships."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.codec import encode
from pipeline.resources import config_dir
from tests.conftest import CACHE
from tests.connected.pipelines import post

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(400)]

PATIENCE_S = 240
GONE_S = 15


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """As a user has it: no setting but where the data goes and where the programs are."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("FANAL_") and name != "SOURCE"}
    return own | {"FANAL_DATA": str(folder / "data"), "FANAL_CACHE": str(CACHE)}


def fanal(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    options: dict[str, Any] = {"capture_output": True, "text": True, "timeout": PATIENCE_S}
    return subprocess.run(command(*arguments), cwd=folder, env=environment(folder), check=False, **options, **more)


def account_in(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The account: the last line of standard output."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("user")


@pytest.fixture
def running(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """`fanal run` that goes on, all of its processes up."""
    process = subprocess.Popen(
        command("run", "--no-browser"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(descendants(process)) >= 6, PATIENCE_S)
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Kafka, Elasticsearch, the three workers, and the desk."""
    return list(psutil.Process(process.pid).children(recursive=True))


def left(of: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in of if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)


def sample_lines() -> int:
    return len((config_dir() / "samples" / "posts.ndjson").read_bytes().splitlines())


def test_one_command_in_an_empty_folder_finds_hits_and_its_account_balances(folder: Path) -> None:
    found = account_in(fanal(folder, "run", "--once", "--json"))
    assert (found["balanced"], found["in"], found["rejected"]) == (True, sample_lines(), 0)
    assert found["hits"] == found["indexed"] > 0
    assert found["duplicates"] == 3


def test_a_second_run_on_the_same_data_finds_them_again(folder: Path) -> None:
    found = account_in(fanal(folder, "run", "--once", "--json"))
    assert (found["balanced"], found["in"]) == (True, sample_lines())
    assert found["hits"] > 0


def test_posts_from_standard_input_are_accounted_for_with_the_bad_line_and_the_duplicate(folder: Path) -> None:
    sent = [encode(post(number)) for number in (1, 2, 3)]
    given = b"\n".join([*sent[:2], b"no post", sent[0], sent[2]]).decode()
    found = account_in(fanal(folder, "run", "--once", "--json", "--source", "-", input=given))
    assert (found["in"], found["rejected"], found["duplicates"], found["balanced"]) == (5, 1, 1, True)


def test_a_source_that_is_not_there_is_refused_in_one_line(folder: Path) -> None:
    done = fanal(folder, "run", "--once", "--source", "nowhere.ndjson")
    assert done.returncode == 2
    assert done.stderr.startswith("fanal: nowhere.ndjson: no such file")
    assert done.stderr.count("\n") == 1


def test_a_second_run_beside_a_first_is_refused_in_one_line_and_does_it_no_harm(
    folder: Path, running: "subprocess.Popen[str]"
) -> None:
    status = fanal(folder, "local", "status", "--json", "--data", "data")
    assert json.loads(status.stdout)["running"] is True
    done = fanal(folder, "run", "--once")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("fanal: already running on")
    assert done.stderr.count("\n") == 1
    assert running.poll() is None
    assert len(descendants(running)) >= 6


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_and_leaves_no_process_behind(
    folder: Path, running: "subprocess.Popen[str]", sent: signal.Signals
) -> None:
    children = descendants(running)
    assert running.stdout is not None
    assert any("offers" in line for line in running.stdout)
    running.send_signal(sent)
    said, _ = running.communicate(timeout=90)
    assert left(children) == []
    assert "balanced true" in said, said
    assert running.returncode == 0
    assert "Unclosed" not in said
    assert fanal(folder, "local", "status", "--data", "data").returncode == 1


def test_a_signal_while_it_starts_ends_it_without_a_word_too_many(folder: Path) -> None:
    process = subprocess.Popen(
        command("run", "--no-browser"), cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: len(descendants(process)) >= 4, PATIENCE_S)
    children = descendants(process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=90)
    assert left(children) == []
    assert "Traceback" not in said
    assert "Unclosed" not in said


def test_a_killed_run_takes_its_children_with_it(folder: Path, running: "subprocess.Popen[str]") -> None:
    children = descendants(running)
    running.kill()
    wait_until(lambda: left(children) == [], GONE_S)


def test_local_down_ends_a_run(folder: Path, running: "subprocess.Popen[str]") -> None:
    children = descendants(running)
    done = fanal(folder, "local", "down", "--data", "data")
    assert (done.returncode, done.stderr) == (0, "stopped\n")
    running.wait(60)
    assert left(children) == []
    assert fanal(folder, "local", "down", "--data", "data").stderr == "nothing runs on data\n"


def test_an_interrupted_run_with_once_does_not_claim_success(folder: Path) -> None:
    process = subprocess.Popen(
        command("run", "--once", "--json"),
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_until(lambda: len(descendants(process)) >= 2, PATIENCE_S)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=90)
    assert process.returncode not in {0, None}
    assert said == ""
