"""Every query of every dashboard is asked of a real Prometheus that scrapes every metric, and gives series."""

import json
import re
from collections.abc import Iterator

import pytest

from grafana.dashboards import rendered
from tests.dashboards.prometheus import Prometheus, scraping
from tests.dashboards.reading import Dashboard, Target, filled, question, targets, variables
from tests.tools.debian import Unobtainable, program

pytestmark = pytest.mark.connected

DASHBOARDS: dict[str, Dashboard] = {path.stem: json.loads(text) for path, text in rendered().items()}
TARGETS = [(name, target) for name, dashboard in DASHBOARDS.items() for target in targets(dashboard)]
QUESTIONS = [
    (name, variable)
    for name, dashboard in DASHBOARDS.items()
    for variable in variables(dashboard).values()
    if variable["type"] == "query"
]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    try:
        found = program("prometheus", "prometheus")
    except Unobtainable as fault:
        pytest.skip(f"no Prometheus: {fault}")
    with scraping(found, tmp_path_factory.mktemp("prometheus")) as running:
        yield running


def asked(prometheus: Prometheus, name: str, target: Target) -> list[dict[str, str]]:
    return prometheus.series(filled(target.expr, variables(DASHBOARDS[name])), instant=target.instant)


def named(legend: str, series: dict[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda label: series[label[1]], legend)


@pytest.mark.parametrize(("name", "target"), TARGETS, ids=[f"{name}: {one.panel}" for name, one in TARGETS])
def test_a_query_gives_series_that_its_legend_can_name(prometheus: Prometheus, name: str, target: Target) -> None:
    found = asked(prometheus, name, target)
    assert found, target.expr
    assert set(re.findall(r"{{(\w+)}}", target.legend)) <= set.intersection(*(set(series) for series in found))
    names = [named(target.legend, series) for series in found]
    assert target.instant or len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "variable"), QUESTIONS, ids=[f"{name}: {one['name']}" for name, one in QUESTIONS])
def test_a_variable_offers_values(prometheus: Prometheus, name: str, variable: Dashboard) -> None:
    selector, label = question(variable)
    assert prometheus.values(filled(selector, variables(DASHBOARDS[name])), label)


@pytest.mark.parametrize(
    "wrong",
    [
        "sum(rate(fanal_recieved_posts_total[5s]))",
        'sum(rate(fanal_posts_total{outcome="hits"}[5s]))',
        "sum by (le) (rate(fanal_score_ratio[5s]))",
    ],
)
def test_a_wrong_name_or_label_gives_none(prometheus: Prometheus, wrong: str) -> None:
    assert prometheus.series(wrong, instant=False) == []


def test_what_is_no_promql_is_refused(prometheus: Prometheus) -> None:
    with pytest.raises(ValueError, match="unclosed"):
        prometheus.series("sum(", instant=True)
