"""The alert rules and their routes: each is whole, tested by Prometheus' own tools, and asks for what exists."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from pipeline.labels import shapes
from tests.alerting.asked import MACHINE, asked, declared, matched
from tests.alerting.shipped import (
    ALERTMANAGER,
    PROMETHEUS,
    ROOT,
    RULES,
    RUNBOOKS,
    UNIT_TESTS,
    alerts,
    read,
    rules,
)
from tests.tools.debian import Unobtainable, program

SEVERITIES, TEAMS, ABOUT = ("page", "ticket"), ("on-call", "protection", "operators"), {path.stem for path in RULES}
CLOSED = {"severity", "team", "about"}
PAPER = ROOT / "docs" / "alerting.md"


def tool(of: str, name: str) -> str:
    try:
        return str(program(of, name))
    except Unobtainable as why:
        pytest.skip(str(why))


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_whom_it_concerns_and_what_to_do(name: str) -> None:
    alert = alerts()[name]
    severities = ("watchdog",) if name == "FanalWatchdog" else SEVERITIES
    assert name.startswith("Fanal")
    assert alert["labels"].keys() == CLOSED
    assert alert["labels"]["severity"] in severities
    assert alert["labels"]["team"] in TEAMS
    assert alert["labels"]["about"] in ABOUT
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"


@pytest.mark.parametrize("name", alerts())
def test_an_alert_has_a_runbook_that_says_what_to_do(name: str) -> None:
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)
    assert headings == ["What it means", "Look at this first", "What to do", "Whom to wake"]
    sections = re.split(r"^## .+$", page, flags=re.MULTILINE)[1:]
    assert all(len(section.split()) >= 8 for section in sections)


def test_there_is_no_runbook_without_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {*alerts(), "README"}


def test_the_paper_lists_every_alert_with_its_severity_team_and_patience() -> None:
    rows = re.findall(
        r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| (\S+) \| (\S+) \| (\S+) \|", PAPER.read_text(encoding="utf-8"), re.M
    )
    expected = [(name, *_cells(alert)) for name, alert in alerts().items()]
    assert sorted(rows) == sorted(expected)


def _cells(alert: dict[str, Any]) -> tuple[str, str, str]:
    return alert["labels"]["severity"], alert["labels"]["team"], alert.get("for", "0s")


def test_every_alert_is_tested_firing_and_silent() -> None:
    seen: dict[str, set[bool]] = defaultdict(set)
    for path in UNIT_TESTS:
        for test in read(path)["tests"]:
            for one in test.get("alert_rule_test", []):
                seen[one["alertname"]].add(bool(one["exp_alerts"]))
    always = {"FanalWatchdog": {True}}
    assert seen == {name: {True, False} for name in alerts()} | always


def test_every_recorded_series_is_tested() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    tested = {
        one["expr"] for path in UNIT_TESTS for test in read(path)["tests"] for one in test.get("promql_expr_test", [])
    }
    assert tested == recorded


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    known = declared()
    for metric, labels in asked(rule["expr"]):
        assert metric in known, f"{metric} does not exist"
        assert labels <= known[metric] | MACHINE, f"{metric} has no label {', '.join(labels - known[metric] - MACHINE)}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_compares_labels_with_values_that_they_may_have(rule: dict[str, Any]) -> None:
    assert [one for one in matched(rule["expr"]) if not possible(*one)] == []


def possible(metric: str, label: str, value: str) -> bool:
    """Whether a label of a metric may have a value, as far as its values are a closed set."""
    shape = shapes().get(re.sub(r"_(total|bucket|count|sum)$", "", metric))
    if shape is None or label in MACHINE or label == "le":
        return True
    return not shape.labels[label].names or value in shape.labels[label].names


def test_a_value_that_no_label_has_is_noticed() -> None:
    [one] = matched('fanal_source_state{state="refusd"} == 1')
    assert not possible(*one)


@pytest.mark.parametrize(
    ("expr", "wrong"),
    [
        ("sum(rate(fanal_post_total[5m])) > 0", "fanal_post_total"),
        ('fanal_posts_total{outcom="hit"} > 0', "outcom"),
        ("sum by (kind) (fanal_posts_total) > 0", "kind"),
        ("up unless on (source) absent(fanal_gone)", "fanal_gone"),
    ],
)
def test_a_rule_that_names_what_does_not_exist_is_noticed(expr: str, wrong: str) -> None:
    known = declared()
    names = [name for metric, labels in asked(expr) for name in {metric, *labels - known.get(metric, set()) - MACHINE}]
    assert wrong in [name for name in names if name not in known]


@pytest.mark.parametrize("name", alerts())
def test_an_alert_speaks_of_labels_that_it_has(name: str) -> None:
    alert = alerts()[name]
    said = {label for text in alert["annotations"].values() for label in re.findall(r"\$labels\.(\w+)", text)}
    known = declared()
    had = {label for metric, labels in asked(alert["expr"]) for label in labels | known[metric]} | MACHINE
    assert said <= had


@pytest.mark.parametrize("name", alerts())
def test_no_label_of_an_alert_holds_what_a_post_says(name: str) -> None:
    closed = {"kind", "lane", "role", "topic", "error", "source", "target", *MACHINE}
    for path in UNIT_TESTS:
        for test in read(path)["tests"]:
            for one in test.get("alert_rule_test", []):
                if one["alertname"] == name:
                    labels = {label for expected in one["exp_alerts"] for label in expected["exp_labels"]}
                    assert labels <= closed | CLOSED


def test_prometheus_takes_the_configuration() -> None:
    run(tool("prometheus", "promtool"), "check", "config", str(PROMETHEUS))


def test_prometheus_finds_no_fault_in_the_rules() -> None:
    run(tool("prometheus", "promtool"), "check", "rules", "--lint=all", "--lint-fatal", *map(str, RULES))


@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path: Path) -> None:
    run(tool("prometheus", "promtool"), "test", "rules", str(path))


def test_a_rule_that_does_something_else_is_noticed(tmp_path: Path) -> None:
    changed = read(UNIT_TESTS[0])
    changed["rule_files"] = [str(path) for path in RULES]
    changed["tests"][0]["alert_rule_test"][1]["exp_alerts"] = []
    (tmp_path / "changed.yml").write_text(str(changed), encoding="utf-8")
    with pytest.raises(AssertionError, match="FanalSpike"):
        run(tool("prometheus", "promtool"), "test", "rules", str(tmp_path / "changed.yml"))


def test_alertmanager_takes_the_configuration() -> None:
    run(tool("alertmanager", "amtool"), "check-config", str(ALERTMANAGER))


@pytest.mark.parametrize("about", sorted(ABOUT))
@pytest.mark.parametrize("team", TEAMS)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_severity_of_a_team_has_its_receiver(severity: str, team: str, about: str) -> None:
    labels = [f"severity={severity}", f"team={team}", f"about={about}", "alertname=FanalAny"]
    routed(f"{team}-{severity}", *labels)


def test_the_watchdog_has_a_receiver_of_its_own() -> None:
    routed("watchdog", *(f"{label}={value}" for label, value in alerts()["FanalWatchdog"]["labels"].items()))


def test_an_alert_that_no_route_knows_is_not_lost() -> None:
    routed("operators-ticket", "alertname=Unknown")


def test_a_wrong_receiver_is_noticed() -> None:
    with pytest.raises(AssertionError):
        routed("protection-page", "severity=page", "team=on-call", "about=offers")


def routed(receiver: str, *labels: str) -> None:
    run(
        tool("alertmanager", "amtool"),
        *("config", "routes", "test", f"--config.file={ALERTMANAGER}", f"--verify.receivers={receiver}", *labels),
    )


def test_secrets_stand_in_files() -> None:
    text = ALERTMANAGER.read_text(encoding="utf-8")
    assert not re.search(r"(?:password|credentials|token|api_url|secret): ", text)
    assert len(re.findall(r"_file: /etc/alertmanager/secrets/", text)) == 6


def test_what_silences_another_exists_and_never_silences_an_offer() -> None:
    offers = {name for name, alert in alerts().items() if alert["labels"]["about"] == "offers"}
    for rule in read(ALERTMANAGER)["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            named = [match[1] for matcher in rule[side] if (match := re.match(r'alertname=~?"?([^"]+)"?$', matcher))]
            assert len(named) == 1
            met = {pattern: [one for one in alerts() if re.fullmatch(pattern, one)] for pattern in named[0].split("|")}
            assert all(met.values()), f"no alert is called {met}"
            assert side == "source_matchers" or not offers & {one for some in met.values() for one in some}
