"""The committed dashboards are those of the code, keep the rules, and draw every metric that there is."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from grafana.dashboards import FOLDER, rendered
from pipeline.labels import shapes
from tests.dashboards.exporter import declared
from tests.dashboards.lint import RULES, Labels, metrics_exist, queries_can_be_read
from tests.dashboards.reading import Dashboard, filled, panels, selectors, targets, variables

DASHBOARDS = {path.stem: json.loads(text) for path, text in rendered().items()}
PROVISIONING = Path(__file__).resolve().parents[1] / "grafana" / "provisioning"
OF_THE_CLIENT = ("process_resident_memory_bytes", "process_cpu_seconds_total")


def exposed() -> Labels:
    """Every series that a worker exposes, and its labels."""
    found: dict[str, frozenset[str]] = dict.fromkeys(OF_THE_CLIENT, frozenset())
    for name, metric in declared().items():
        [family] = metric.describe()
        labels = frozenset(metric._labelnames)
        if family.type == "histogram":
            found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            found[f"{name}_total" if family.type == "counter" else name] = labels
    return {**found, "ALERTS": frozenset({"alertname", "alertstate", "severity"})}


def test_the_committed_dashboards_are_those_of_the_code() -> None:
    committed = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    assert committed == rendered(), "run `make dashboards`"


def test_there_are_the_four() -> None:
    assert DASHBOARDS.keys() == {"pipeline", "model", "sources", "offers"}
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == 4


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_keeps_the_rules(name: str, rule: Callable[[Dashboard], Iterator[str]]) -> None:
    assert list(rule(DASHBOARDS[name])) == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_asks_for_nothing_that_is_not_there(name: str) -> None:
    assert list(metrics_exist(DASHBOARDS[name], exposed())) == []


def test_every_metric_is_drawn() -> None:
    drawn = {
        one.name
        for dashboard in DASHBOARDS.values()
        for target in targets(dashboard)
        for one in selectors(filled(target.expr, variables(dashboard)))
    }
    families = {(name or "").removesuffix("_total").removesuffix("_bucket").removesuffix("_count") for name in drawn}
    assert shapes().keys() - families == set()


def broken(change: Callable[[Dashboard], object]) -> list[str]:
    """What the rules say of a dashboard into which a fault was put; the later ones only where queries can be read at all."""
    copied = copy.deepcopy(DASHBOARDS["pipeline"])
    change(copied)
    if unread := list(queries_can_be_read(copied)):
        return unread
    said = [complaint for rule in RULES for complaint in rule(copied)]
    return said + list(metrics_exist(copied, exposed()))


def first(dashboard: Dashboard) -> Dashboard:
    return next(panels(dashboard))


def ask(expr: str) -> Callable[[Dashboard], object]:
    return lambda dashboard: first(dashboard)["targets"][0].update(expr=expr)


def choice(at: int, **changed: object) -> Callable[[Dashboard], object]:
    return lambda dashboard: dashboard["templating"]["list"][at].update(changed)


FAULTS: list[tuple[str, Callable[[Dashboard], object]]] = [
    ("no title, or no description", lambda board: first(board).update(title="")),
    ("no title, or no description", lambda board: first(board).pop("description")),
    ("no description that is a sentence", lambda board: first(board).update(description="Posts")),
    ("two panels are called Waiting", lambda board: first(board).update(title="Waiting")),
    ("no unit", lambda board: first(board)["fieldConfig"]["defaults"].pop("unit")),
    ("one that we do not use", lambda board: first(board)["fieldConfig"]["defaults"].update(unit="posts")),
    ("the id 1 is there 2 times", lambda board: first(board).update(id=1)),
    ("over the right edge", lambda board: first(board)["gridPos"].update(w=25)),
    ("Waiting lies over Posts in", lambda board: first(board)["gridPos"].update(x=4)),
    ("asks another datasource", lambda board: first(board).update(datasource={"type": "prometheus", "uid": "main"})),
    ("asks another datasource", lambda board: first(board)["targets"][0].update(datasource={"uid": "main"})),
    ("no variable `datasource`", choice(0, query="loki")),
    ("no variable 'instance'", lambda board: board["templating"]["list"].pop(2)),
    ("is not asked for again", choice(1, refresh=1)),
    ("does not offer several", choice(1, multi=False)),
    ("job: asks another datasource", choice(1, datasource={"uid": "main"})),
    ("no fanal_biuld_info with a label job", choice(1, query="label_values(fanal_biuld_info, job)")),
    ("no fanal_build_info with a label roll", choice(1, query="label_values(fanal_build_info, roll)")),
    ("edited by hand", lambda board: board.update(editable=True)),
    ("no tag", lambda board: board.update(tags=[])),
    ("a query without a name", lambda board: first(board)["targets"][0].update(legendFormat="")),
    ("unclosed left parenthesis", ask("sum(rate(fanal_received_posts_total[$__rate_interval])")),
    ("no variable 'cluster'", ask('fanal_rules_broken{job=~"$job", instance=~"$instance", cluster="$cluster"}')),
    ("of all jobs", ask("sum(fanal_received_posts_total)")),
    ("the chosen job is not asked for", ask('fanal_rules_broken{job="fanal", instance=~"$instance"}')),
    ("a fixed time", ask('rate(fanal_received_posts_total{job=~"$job", instance=~"$instance"}[5m])')),
    ("something else than a metric", ask('rate(sum(fanal_rules_broken{job=~"$job", instance=~"$instance"})[5m:1m])')),
    ("no fanal_recieved_posts_total", ask('fanal_recieved_posts_total{job=~"$job", instance=~"$instance"}')),
    ("has no label fate", ask('fanal_posts_total{job=~"$job", instance=~"$instance", fate="hit"}')),
]


@pytest.mark.parametrize(("said", "fault"), FAULTS, ids=[said for said, _ in FAULTS])
def test_a_fault_is_named(said: str, fault: Callable[[Dashboard], object]) -> None:
    assert any(said in complaint for complaint in broken(fault)), broken(fault)


def test_without_a_fault_nothing_is_named() -> None:
    assert broken(lambda _: None) == []


def test_what_is_provisioned_is_where_it_is_said_to_be() -> None:
    providers = yaml.safe_load((PROVISIONING / "dashboards" / "fanal.yaml").read_text(encoding="utf-8"))
    sources = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    [provider], [source] = providers["providers"], sources["datasources"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)
    assert provider["options"]["path"] == "/etc/grafana/dashboards/fanal"
    assert (source["type"], source["access"], source["isDefault"]) == ("prometheus", "proxy", True)
    assert source["url"] == "$FANAL_PROMETHEUS_URL"
