"""`fanal model shadow`: from a file of posts, or from what a running worker counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipeline.commands import check, comparing, judges, parts
from pipeline.commands.model import model
from pipeline.errors import ConfigurationError, ModelUnavailable, Unavailable, UsageError
from pipeline.settings import ModelSettings, Settings
from tests.fakes import OFFER, Judge, Pair

SECRET = "hunter2"
POSTS = [
    {"id": "a", "text": f"an {OFFER} {SECRET}", "lang": "en"},
    {"id": "b", "text": f"off we go to the sea this very evening {SECRET}", "lang": "en"},
    {"id": "c\u001b[2J", "text": f"nous partons off ce soir, il fait beau {SECRET}", "lang": "fr"},
    {"text": f"good morning to you all {SECRET}", "lang": "en"},
]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of posts and one line that is none, and a shadow that finds more than the active model."""
    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    monkeypatch.setattr(judges, "shadow_pair", lambda *_: Pair(shadow=Judge(model="shadow-1", offer="off")))
    path = tmp_path / "posts.ndjson"
    path.write_text("\n".join(["no post", *map(json.dumps, POSTS)]), encoding="utf-8")
    return path


def invoke(*arguments: str) -> str:
    return CliRunner().invoke(model, ["shadow", *arguments], catch_exceptions=False).stdout


def test_a_file_is_judged_by_both_and_the_differences_are_counted_by_language_and_lane(file: Path) -> None:
    found = json.loads(invoke(str(file), "--json"))
    assert (found["active"], found["shadow"], found["posts"], found["unread"]) == ("fake-1", "shadow-1", 4, 1)
    counts = {"both": 1, "only_active": 0, "only_shadow": 2, "neither": 1}
    assert found["lanes"]["offers"] == counts | {"agreement": 0.5, "overlap": 0.333333}
    assert found["lanes"]["protection"]["neither"] == 4
    assert found["lanes"]["protection"]["overlap"] is None
    by_language = {lang: lanes["offers"]["only_shadow"] for lang, lanes in found["languages"].items()}
    assert by_language == {"en": 1, "fr": 1}


def test_the_posts_that_differ_are_listed_by_id(file: Path) -> None:
    found = json.loads(invoke(str(file), "--json"))
    assert found["differ"] == [
        {"id": id_, "lang": lang, "active": None, "shadow": "offers"} for id_, lang in (("b", "en"), ("c\x1b[2J", "fr"))
    ]


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_text_is_printed(file: Path, options: list[str]) -> None:
    assert SECRET not in invoke(str(file), *options)


def test_people_get_a_table_and_ids_that_do_nothing_to_their_terminal(file: Path) -> None:
    said = invoke(str(file))
    assert all(heading in said for heading in ("lang ", "only_shadow", "overlap", "exploitation"))
    assert "b  en  active -  shadow offers" in said
    assert "c\N{REPLACEMENT CHARACTER}[2J  fr" in said
    assert "\x1b" not in said


def test_a_file_of_no_posts_has_nothing_to_compare(file: Path) -> None:
    file.write_text("")
    found = json.loads(invoke(str(file), "--json"))
    assert (found["posts"], found["lanes"], found["differ"]) == (0, {}, [])
    assert invoke(str(file))


def counters(*offers: int, missed: int = 0) -> Any:
    """What a worker's port says: so many posts by outcome, in the lane of offers."""

    def read(host: str, port: int, name: str) -> list[tuple[dict[str, str], int]]:
        assert (host, port) == ("127.0.0.1", 9100)
        if name == "fanal_shadow_missed_posts":
            return [({"outcome": "failed"}, missed)]
        assert name == "fanal_shadow_posts"
        outcomes = ("both", "only_active", "only_shadow", "neither")
        return [({"outcome": o, "lane": "offers"}, n) for o, n in zip(outcomes, offers, strict=False)]

    return read


def test_a_running_worker_is_asked_what_it_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "read_counter", counters(6, 1, 3, 990, missed=4))
    found = json.loads(invoke("--port", "9100", "--json"))
    counts = {"both": 6, "only_active": 1, "only_shadow": 3, "neither": 990}
    assert found == {
        "posts": 1000,
        "missed": {"failed": 4},
        "lanes": {"offers": counts | {"agreement": 0.996, "overlap": 0.6}},
    }
    monkeypatch.setenv("FANAL_SERVE_METRICS_PORT", "9100")
    assert "0.996" in invoke()


def test_a_worker_without_a_shadow_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "read_counter", counters())
    with pytest.raises(Unavailable, match="FANAL_MODEL_SHADOW"):
        invoke("--port", "9100")


def test_a_shadow_that_has_judged_nothing_yet_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "read_counter", counters(0, 0, 0, 0))
    found = json.loads(invoke("--port", "9100", "--json"))
    assert (found["posts"], found["lanes"]["offers"]["agreement"]) == (0, None)


def test_without_a_port_or_a_file_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--port"):
        invoke()


def test_a_file_without_a_shadow_set_says_which_setting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    with pytest.raises(ConfigurationError, match="FANAL_MODEL_SHADOW"):
        invoke(str(file))


def test_check_tries_the_shadow_where_one_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise ModelUnavailable("the shadow model cannot be used: no such folder")

    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    monkeypatch.setattr(judges, "shadow_pair", refuse)
    settings = Settings(data=tmp_path, model=ModelSettings(shadow=tmp_path))
    found = {one.what: one for one in check.findings(settings)}
    assert (found["model"].well, found["shadow"].well) == (True, False)
    assert "cannot be used" in found["shadow"].says
    assert "shadow" not in {one.what for one in check.findings(Settings(data=tmp_path))}
