"""`fanal rules`: check, test and backtest, and how each says what is wrong."""

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from pipeline.__main__ import cli
from pipeline.commands import parts
from pipeline.commands.rules import moment
from pipeline.errors import ConfigurationError, UsageError
from pipeline.index import stored
from pipeline.resources import config_dir
from pipeline.rules import read_rules
from pipeline.rules.trial import Trial
from tests.fakes import OFFER, French, Judge
from tests.test_rules import HEAD, THEN, WHEN, document

NOW = datetime(2026, 6, 11, 22, tzinfo=UTC)
ROUTED = HEAD + "  when: {cues: {any: [route]}}\n  then: {raise_to: urgent, tags: [routed]}\n"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["rules", *arguments], catch_exceptions=False)


def folder(tmp_path: Path, content: str) -> Path:
    (tmp_path / "some.yaml").write_text(content, encoding="utf-8")
    return tmp_path


def test_check_lists_the_rules_that_ship() -> None:
    said = run("check").output
    assert all(rule.name[:12] in said for rule in read_rules(config_dir() / "rules"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + "  when: {colour: [red]}\n" + THEN, "some.yaml: rule one: when.colour"),
        ("version: 1\nrules: []", "no rules there"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=said):
        run("check", "--rules", str(folder(tmp_path, content)))


@pytest.mark.parametrize(
    ("into", "content", "command", "said"),
    [
        (
            "rules/bad.yaml",
            HEAD + "  when: {colour: [red]}\n" + THEN,
            ["rules", "check"],
            "bad.yaml: rule one: when.colour: Extra",
        ),
        (
            "cues/xx.yaml",
            "version: 1\nlanguage: xx\npatterns: {urgency: ['(abc']}",
            ["cues", "explain", "x"],
            "refused by re2",
        ),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    into: str, content: str, command: list[str], said: str, tmp_path: Path
) -> None:
    shutil.copytree(config_dir(), tmp_path / "config")
    (tmp_path / "config" / into).write_text(content, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *command],
        env={
            "FANAL_CONFIG_DIR": str(tmp_path / "config"),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(config_dir().parent),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_trial_says_what_each_rule_does_to_each_post(tmp_path: Path) -> None:
    trial = Trial(read_rules(folder(tmp_path, ROUTED)), Judge(), French())
    raws = [
        b'{"text": "an %s from Izmir to Lesvos", "id": "a", "platform": "telegram"}' % OFFER.encode(),
        b'{"text": "an %s"}' % OFFER.encode(),
        b'{"text": "the library is open"}',
        b"no JSON",
    ]
    routed, plain, benign, wrong = trial.rows(enumerate(raws, 1), lambda: NOW)
    assert routed == {
        "id": "a",
        "kind": "smuggling",
        "lane": "offers",
        "priority": "normal",
        "rules": ["one"],
        "becomes": {"priority": "urgent", "tags": ["routed"]},
    }
    assert (plain["id"], plain["rules"], plain["becomes"]) == (2, [], {})
    assert benign == {"id": 3, "kind": "benign", "lane": None, "rules": []}
    assert wrong["line"] == 4
    assert "no post" in wrong["error"]
    assert (trial.hits, trial.held) == (2, {"one": 1})


def test_test_reads_a_file_and_counts_what_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "classifier", lambda _: Judge())
    (tmp_path / "rules").mkdir()
    posts = tmp_path / "posts.ndjson"
    posts.write_text(json.dumps({"text": f"an {OFFER} from Libya to Italy"}) + "\n", encoding="utf-8")
    result = run("test", str(posts), "--rules", str(folder(tmp_path / "rules", ROUTED)))
    assert json.loads(result.stdout)["becomes"]["priority"] == "urgent"
    assert "one: 1 of 1 hits" in result.stderr


class Stored:
    """An index that has some documents."""

    def __init__(self) -> None:
        self.asked: list[tuple[datetime, datetime | None]] = []
        self.closed = False

    async def stored(self, since: datetime, until: datetime | None) -> AsyncIterator[list[dict[str, Any]]]:
        self.asked.append((since, until))
        yield [msgspec.to_builtins(document(f"Boat {n}")) for n in range(3)]
        yield [msgspec.to_builtins(document("Boat", kind="recruitment"))]

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    found = Stored()
    monkeypatch.setattr(parts, "store", lambda _: found)
    yield found
    assert found.closed


def test_a_backtest_counts_over_all_pages(index: Stored, tmp_path: Path) -> None:
    rules = str(folder(tmp_path, HEAD + WHEN + THEN))
    report = json.loads(
        run("backtest", "--from", "2026-06-01", "--to", "2026-06-08T12:00Z", "--rules", rules, "--json").stdout
    )
    assert index.asked == [(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 8, 12, tzinfo=UTC))]
    assert report == {
        "hits": 4,
        "unread": 0,
        "rules": [
            {
                "rule": "one",
                "mode": "active",
                "hits": 3,
                "kinds": {"smuggling": 3},
                "langs": {"en": 3},
                "examples": ["Boat 0", "Boat 1", "Boat 2"],
            }
        ],
    }


def test_a_backtest_is_a_table_for_people(index: Stored) -> None:
    said = run("backtest", "--from", "2026-06-01").output
    assert "4 hits" in said
    assert "shadow" in said


def test_a_time_that_is_none_is_said() -> None:
    with pytest.raises(UsageError, match="is no time"):
        run("backtest", "--from", "yesterday")
    with pytest.raises(UsageError, match="later than"):
        run("backtest", "--from", "2026-06-02", "--to", "2026-06-01")
    assert moment("2026-06-01T08:00+02:00").hour == 8


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        run("check", "--rules", str(tmp_path / "nowhere"))


def test_pages_follow_each_other_until_one_is_not_full() -> None:
    hits = [{"_source": {"text": str(n)}, "sort": [n, "0/0/0"]} for n in range(stored.PAGE)]
    full, rest = {"hits": {"hits": hits}}, {"hits": {"hits": hits[:7]}}
    assert stored.last(full) == [stored.PAGE - 1, "0/0/0"]
    assert stored.last(rest) is None
    assert len(stored.sources(rest)) == 7
    second = stored.query(NOW, None, stored.last(full))
    assert second["search_after"] == [stored.PAGE - 1, "0/0/0"]
    assert second["query"] == {"range": {"received_at": {"gte": NOW.isoformat()}}}
