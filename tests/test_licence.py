"""The licence to exist: no live source without a whole record in force, and every refusal is one line that says what to do."""

import json
import os
import pty
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.commands import licence as command
from pipeline.commands.licence import ask_licence, licence
from pipeline.errors import ConfigurationError
from pipeline.licence import (
    ACCEPTABLE_USE,
    BASES,
    LONGEST,
    MOST_LETTERS,
    RULES,
    WANTED,
    Licence,
    read_licence,
    require_licence,
    write_licence,
)

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 11, 25)
DAY = timedelta(days=1)
GOOD = Licence(
    operator="Verein „Beispiel“",
    contact="data protection officer",
    basis="gdpr-6-1-f",
    grounds="balancing test BT-7",
    assessment="DPIA-12",
    assessed_on=date(2026, 11, 1),
    acceptable_use=ACCEPTABLE_USE,
    sources=("bluesky", "fediverse"),
    recorded_on=date(2026, 11, 20),
    valid_until=date(2027, 11, 19),
)
OUT_OF_FORCE: list[tuple[str, dict[str, Any]]] = [
    ("valid_until", {"recorded_on": TODAY - 9 * DAY, "valid_until": TODAY - DAY}),
    ("valid_until", {"valid_until": GOOD.recorded_on + LONGEST + DAY}),
    ("assessed_on", {"assessed_on": TODAY + DAY}),
    ("recorded_on", {"recorded_on": TODAY + DAY}),
    ("acceptable_use", {"acceptable_use": "0"}),
    ("sources", {"sources": ("mastodon",)}),
]
WRONG: list[tuple[str, str]] = [
    *((name, '""') for name in WANTED if name not in {"sources", "assessed_on", "recorded_on", "valid_until"}),
    ("operator", '"two\\nlines"'),
    ("contact", "17"),
    ("grounds", f'"{"x" * (MOST_LETTERS + 1)}"'),
    ("basis", '"because"'),
    ("assessed_on", '"2026-11-01"'),
    ("valid_until", "2027-11-19T00:00:00Z"),
    ("recorded_on", "true"),
    ("sources", "[]"),
    ("sources", '"all"'),
    ("sources", '["bluesky", 3]'),
]


def written(folder: Path, licence: Licence = GOOD, raw: Mapping[str, str | None] = MappingProxyType({})) -> Path:
    """A record, with fields as they stand in the file; None leaves a field out."""
    path = folder / "licence.toml"
    write_licence(path, licence)
    lines = dict(line.split(" = ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    kept = {name: value for name, value in {**lines, **raw}.items() if value is not None}
    path.write_text("".join(f"{name} = {value}\n" for name, value in kept.items()), encoding="utf-8")
    return path


def refusal(path: Path, *names: str) -> str:
    """The one line by which a source is refused."""
    with pytest.raises(ConfigurationError) as caught:
        require_licence(path, names or ("bluesky",), TODAY)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value)


def test_what_is_written_is_read_back_and_only_this_user_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "config" / "licence.toml"
    write_licence(path, GOOD)
    assert read_licence(path) == GOOD
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_is_asked_for_is_what_is_kept() -> None:
    assert list(WANTED) == [one.name for one in fields(Licence)]


def test_a_record_in_force_lets_its_sources_run(tmp_path: Path) -> None:
    require_licence(written(tmp_path), ["bluesky", "fediverse"], TODAY)
    require_licence(written(tmp_path), ["bluesky"], GOOD.valid_until)


def test_a_source_runs_by_its_kind_and_any_source_by_all(tmp_path: Path) -> None:
    require_licence(written(tmp_path), ["jetstream-eu"], TODAY, kinds={"jetstream-eu": "bluesky"})
    require_licence(written(tmp_path, replace(GOOD, sources=("all",))), ["jetstream-eu", "anything"], TODAY)


def test_one_source_that_is_not_covered_stops_all(tmp_path: Path) -> None:
    assert '"vk"' in refusal(written(tmp_path), "bluesky", "vk")


def test_without_a_live_source_nothing_is_asked(tmp_path: Path) -> None:
    require_licence(tmp_path / "none.toml", [], TODAY)


def test_without_a_record_every_live_source_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path / "none.toml")
    assert "fanal licence record" in said
    assert "docs/legal" in said


@pytest.mark.parametrize("name", WANTED)
def test_a_missing_field_is_named_with_what_to_give(tmp_path: Path, name: str) -> None:
    said = refusal(written(tmp_path, raw={name: None}))
    assert f": {name} is missing; {WANTED[name]}" in said


@pytest.mark.parametrize(("name", "raw"), WRONG)
def test_a_wrong_field_is_named_with_what_to_give(tmp_path: Path, name: str, raw: str) -> None:
    said = refusal(written(tmp_path, raw={name: raw}))
    assert f": {name} is " in said
    assert WANTED[name] in said


@pytest.mark.parametrize(("name", "changes"), OUT_OF_FORCE)
def test_a_record_that_is_not_in_force_is_refused_with_what_to_give(
    tmp_path: Path, name: str, changes: dict[str, Any]
) -> None:
    said = refusal(written(tmp_path, replace(GOOD, **changes)))
    assert f": {name} " in said
    assert WANTED[name] in said


def test_an_unknown_field_is_refused_with_the_one_that_was_meant(tmp_path: Path) -> None:
    assert "did you mean operator?" in refusal(written(tmp_path, raw={"operater": '"x"'}))
    assert "the fields are operator" in refusal(written(tmp_path, raw={'"a\\u001b[31mb"': '"x"'}))


@pytest.mark.parametrize("content", [b"operator = ", b"\xff\xfe", b"a\0b"])
def test_a_file_that_is_no_toml_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "licence.toml").write_bytes(content)
    assert "not valid TOML" in refusal(tmp_path / "licence.toml")


def test_a_folder_in_its_place_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "FANAL_LICENCE" in refusal(tmp_path)


def test_a_record_that_cannot_be_kept_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "licence.toml").mkdir()
    with pytest.raises(ConfigurationError, match="FANAL_LICENCE"):
        write_licence(tmp_path / "licence.toml", GOOD)
    assert [path.name for path in tmp_path.iterdir()] == ["licence.toml"]


def test_a_record_below_a_file_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="FANAL_LICENCE"):
        write_licence(tmp_path / "file" / "licence.toml", GOOD)


def test_the_example_is_whole_and_refused_as_it_stands() -> None:
    example = ROOT / "config" / "licence.example.toml"
    assert read_licence(example).basis in BASES
    assert "acceptable_use" in refusal(example)


def test_without_a_terminal_the_refusal_is_raised_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        ask_licence(tmp_path / "licence.toml", ["bluesky"], TODAY)
    assert list(tmp_path.iterdir()) == []


def asking(monkeypatch: pytest.MonkeyPatch, path: Path, *answers: str, today: date = TODAY) -> Result:
    """`fanal licence record` with these lines typed on a terminal."""
    monkeypatch.setattr(command, "on_a_terminal", lambda: True)
    monkeypatch.setattr(command, "_today", lambda: today)
    monkeypatch.setenv("FANAL_LICENCE", str(path))
    return CliRunner().invoke(licence, ["record"], input="".join(f"{answer}\n" for answer in answers))


ANSWERS = ("y", "Verein", "officer", "led", "Law 7", "DPIA-12", "2026-11-01", "", "")


def test_what_is_asked_on_the_terminal_is_written_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = asking(monkeypatch, tmp_path / "licence.toml", *ANSWERS)
    assert done.exit_code == 0
    assert all(f"{name}: {WANTED[name]}" in done.stderr for name in WANTED.keys() - {"acceptable_use", "recorded_on"})
    found = read_licence(tmp_path / "licence.toml")
    assert (found.operator, found.basis, found.sources, found.recorded_on) == ("Verein", "led", ("all",), TODAY)
    assert (found.acceptable_use, found.valid_until) == (ACCEPTABLE_USE, TODAY + LONGEST)
    require_licence(tmp_path / "licence.toml", ["bluesky"], TODAY)


def test_an_answer_that_will_not_do_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = ("y", " ", "Verein", "officer", "because", "led", "Law 7", "DPIA-12", "2027-01-01", "soon", "2026-11-01")
    done = asking(monkeypatch, tmp_path / "licence.toml", *wrong, " , ", "bluesky,vk", "2028-01-01", "2027-01-01")
    assert done.exit_code == 0
    assert "lies ahead" in done.stderr
    assert "is not within a year from today" in done.stderr
    found = read_licence(tmp_path / "licence.toml")
    assert (found.sources, found.valid_until) == (("bluesky", "vk"), date(2027, 1, 1))


def test_who_does_not_keep_to_the_rules_records_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = asking(monkeypatch, tmp_path / "licence.toml", "n")
    assert isinstance(done.exception, ConfigurationError)
    assert "nothing was recorded" in str(done.exception)
    assert all(rule.split()[0] in done.stderr for rule in RULES)
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_is_renewed_offers_what_it_said_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path, later = written(tmp_path), GOOD.valid_until + DAY
    done = asking(monkeypatch, path, "y", "", "", "", "", "", "2027-11-18", "", "", today=later)
    assert done.exit_code == 0
    expected = replace(GOOD, assessed_on=date(2027, 11, 18), recorded_on=later, valid_until=later + LONGEST)
    assert read_licence(path) == expected


def test_a_file_that_cannot_be_read_is_not_written_over_without_asking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = written(tmp_path, raw={"operater": '"x"'})
    before = path.read_bytes()
    assert asking(monkeypatch, path, "y", "n").exit_code != 0
    assert path.read_bytes() == before
    assert asking(monkeypatch, path, "y", "y", *ANSWERS[1:]).exit_code == 0
    assert read_licence(path).operator == "Verein"


def test_a_source_that_the_answers_leave_out_is_still_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = written(tmp_path)
    monkeypatch.setattr(command, "on_a_terminal", lambda: True)
    monkeypatch.setattr(command, "_asked", lambda *_: GOOD)
    with pytest.raises(ConfigurationError, match='does not cover "vk"'):
        ask_licence(path, ["vk"], TODAY)


def test_nobody_to_ask_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FANAL_LICENCE", str(tmp_path / "licence.toml"))
    done = CliRunner().invoke(licence, ["record"])
    assert isinstance(done.exception, ConfigurationError)
    assert "licence.example.toml" in str(done.exception)


def shown(monkeypatch: pytest.MonkeyPatch, path: Path, *options: str) -> Result:
    monkeypatch.setattr(command, "_today", lambda: TODAY)
    monkeypatch.setenv("FANAL_LICENCE", str(path))
    return CliRunner().invoke(licence, list(options))


def test_the_state_is_shown_with_the_days_that_are_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = shown(monkeypatch, written(tmp_path))
    assert done.exit_code == 0
    assert all(name in done.output for name in WANTED)
    assert "yes, for 359 more days" in done.output


def test_the_state_as_json_says_why_it_is_not_in_force(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    good = json.loads(shown(monkeypatch, written(tmp_path), "--json").output)
    assert (good["in_force"], good["why_not"], good["valid_until"]) == (True, None, "2027-11-19")
    done = shown(monkeypatch, written(tmp_path, replace(GOOD, acceptable_use="0")), "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["why_not"] == "acceptable_use is of another version of the page"


def test_a_source_that_is_started_on_a_real_terminal_asks_once(tmp_path: Path) -> None:
    path = tmp_path / "licence.toml"
    call = f"""
from datetime import date
from pathlib import Path
from pipeline.commands.licence import ask_licence
for _ in range(2):
    ask_licence(Path({str(path)!r}), ["bluesky"], date(2026, 11, 25))
"""
    ours, theirs = pty.openpty()
    try:
        started = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, stdin=theirs, stderr=theirs, stdout=theirs)
        os.write(ours, "".join(f"{answer}\n" for answer in ANSWERS).encode())
        assert _ends(started, ours) == 0
    finally:
        os.close(theirs)
        os.close(ours)
    assert read_licence(path).sources == ("bluesky",)


def _ends(started: "subprocess.Popen[bytes]", terminal: int) -> int | None:
    """Read what it shows, so that it is not held up, until it ends."""
    os.set_blocking(terminal, False)
    deadline = time.monotonic() + 60
    while started.poll() is None and time.monotonic() < deadline:
        try:
            os.read(terminal, 65536)
        except BlockingIOError:
            time.sleep(0.02)
    if started.poll() is None:
        started.kill()
        started.wait()
    return started.returncode


def test_a_licence_ends_with_its_last_day() -> None:
    ends = replace(GOOD, valid_until=date(2026, 12, 31)).ends_at
    assert ends == datetime(2027, 1, 1, tzinfo=UTC)
