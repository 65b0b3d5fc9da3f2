"""Rules of a dashboard, as grafana/dashboard-linter has them and a few more: each returns its complaints, in words."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import promql_parser as promql

from tests.dashboards.reading import Dashboard, filled, nodes, panels, question, selectors, targets, variables

WIDTH = 24
UNITS = {"short", "s", "percentunit", "bytes", "cps", "none", "dateTimeFromNow"}
SUMMED_OVER_TIME = {"rate", "irate", "increase"}
SPANS = {"[$__rate_interval]", "[$__range]"}
COMPARED = {"[1h]", "[7d]"}
"""Spans that stay as they are whatever is shown: a panel of drift holds the last hour against the last week."""
_RATED = re.compile(r"\b(?:i?rate|increase)\(\w+(?:\{[^}]*\})?(\[[^\]]*\])")

Labels = Mapping[str, frozenset[str]]
"""The labels of each series that a worker exposes, by its name."""


def panels_say_what_they_show(dashboard: Dashboard) -> Iterator[str]:
    """A title that no other panel has, a description that is a sentence, a unit, an id."""
    shown = list(panels(dashboard))
    titles = Counter(panel.get("title") for panel in shown)
    ids = Counter(panel.get("id") for panel in dashboard["panels"])
    yield from (f"two panels are called {title}" for title, count in titles.items() if count > 1)
    yield from (f"the id {id_} is there {count} times" for id_, count in ids.items() if count > 1 or not id_)
    for panel in shown:
        title = panel.get("title") or "a panel without a title"
        if not panel.get("title") or not panel.get("description", "").endswith("."):
            yield f"{title}: no title, or no description that is a sentence"
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield f"{title}: no unit, or one that we do not use"


def panels_lie_beside_each_other(dashboard: Dashboard) -> Iterator[str]:
    """No panel reaches over the edge or over another."""
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        if at.get("x", 0) + at["w"] > WIDTH:
            yield f"{panel['title']}: over the right edge"
        for x in range(at.get("x", 0), at.get("x", 0) + at["w"]):
            for y in range(at.get("y", 0), at.get("y", 0) + at["h"]):
                if taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    yield f"{panel['title']} lies over {taken[x, y]}"
                    return


def datasources_are_a_choice(dashboard: Dashboard) -> Iterator[str]:
    """Every panel, target and variable asks the Prometheus that was chosen, by name of none."""
    wanted = {"type": "prometheus", "uid": "${datasource}"}
    chosen = variables(dashboard).get("datasource", {})
    if (chosen.get("type"), chosen.get("query")) != ("datasource", "prometheus"):
        yield "no variable `datasource` of type prometheus"
    for panel in panels(dashboard):
        asked = [panel.get("datasource"), *(one.get("datasource") for one in panel.get("targets", []))]
        if asked != [wanted] * len(asked) or len(asked) < 2:
            yield f"{panel['title']}: asks another datasource than the chosen one, or none"


def variables_follow_the_workers(dashboard: Dashboard) -> Iterator[str]:
    """`job` and `instance` can be chosen, several or all; choices are asked for again when the time changes."""
    known = variables(dashboard)
    yield from (f"no variable `{name}`" for name in ("job", "instance") if name not in known)
    for name, variable in known.items():
        if variable["type"] != "query":
            continue
        if not (variable.get("multi") and variable.get("includeAll") and variable.get("allValue") == ".+"):
            yield f"{name}: does not offer several and all"
        if variable.get("refresh") != 2:
            yield f"{name}: is not asked for again when the time changes"
        if variable.get("datasource", {}).get("uid") != "${datasource}":
            yield f"{name}: asks another datasource than the chosen one"


def queries_can_be_read(dashboard: Dashboard) -> Iterator[str]:
    """All variables exist, and what they are filled into is PromQL."""
    known = variables(dashboard)
    asked = [(target.panel, target.expr) for target in targets(dashboard)]
    asked += [(name, question(one)[0]) for name, one in known.items() if one["type"] == "query"]
    for where, expr in asked:
        try:
            nodes(filled(expr, known))
        except KeyError as error:
            yield f"{where}: no variable {error}"
        except ValueError as error:
            yield f"{where}: {error}"


def rates_follow_the_zoom(dashboard: Dashboard) -> Iterator[str]:
    """What is summed over time is so over `$__rate_interval` or all that is shown, or compares an hour with a week."""
    spans: dict[str, set[str]] = {}
    for target in targets(dashboard):
        found = _RATED.findall(target.expr)
        calls = [node for node in nodes(filled(target.expr, variables(dashboard))) if isinstance(node, promql.Call)]
        if len(found) != sum(call.func.name in SUMMED_OVER_TIME for call in calls):
            yield f"{target.panel}: a rate of something else than a metric"
        spans.setdefault(target.panel, set()).update(found)
    yield from (
        f"{panel}: a rate over a fixed time" for panel, of in spans.items() if not of <= SPANS and of != COMPARED
    )


def queries_ask_the_chosen_workers(dashboard: Dashboard) -> Iterator[str]:
    """Every selector of a worker's metrics narrows to the chosen jobs and instances."""
    known = variables(dashboard)
    for target in targets(dashboard):
        wanted = {"job", "instance"}
        for one in selectors(filled(target.expr, known)):
            if one.name != "ALERTS" and not wanted <= {matcher.name for matcher in one.matchers.matchers}:
                yield f"{target.panel}: {one.name} of all jobs"
        if "ALERTS" not in target.expr and '=~"$job"' not in target.expr:
            yield f"{target.panel}: the chosen job is not asked for"


def legends_can_be_read(dashboard: Dashboard) -> Iterator[str]:
    """Where several lines stand, each has a name, and no two queries of a panel share one."""
    for panel in panels(dashboard):
        names = [one.get("legendFormat", "") for one in panel.get("targets", [])]
        if panel["type"] != "table" and (len(set(names)) < len(names) or not all(names)):
            yield f"{panel['title']}: a query without a name, or two with the same"


def dashboards_stay_as_they_are(dashboard: Dashboard) -> Iterator[str]:
    """They cannot be edited by hand, have a fixed address and a description, and are found by their tag."""
    if dashboard.get("editable"):
        yield "can be edited by hand: the next start would undo it"
    if not dashboard.get("uid") or not dashboard.get("description") or "fanal" not in dashboard.get("tags", []):
        yield "no uid, no description or no tag"


def metrics_exist(dashboard: Dashboard, labels: Labels) -> Iterator[str]:
    """Each series is one that a worker exposes, and each label one that it has."""
    for target in targets(dashboard):
        for one in selectors(filled(target.expr, variables(dashboard))):
            known = labels.get(one.name or "")
            if known is None:
                yield f"{target.panel}: there is no {one.name}"
                continue
            named = {matcher.name for matcher in one.matchers.matchers} - {"job", "instance"}
            if strange := named - known:
                yield f"{target.panel}: {one.name} has no label {', '.join(sorted(strange))}"
    for name, variable in variables(dashboard).items():
        if variable["type"] == "query":
            yield from _variable_exists(name, question(variable), labels)


def _variable_exists(name: str, asked: tuple[str, str], labels: Labels) -> Iterator[str]:
    [one] = selectors(filled(asked[0], {"job": None}))
    if asked[1] not in labels.get(one.name or "", frozenset()) | {"job", "instance"} or one.name not in labels:
        yield f"{name}: there is no {one.name} with a label {asked[1]}"


RULES: tuple[Callable[[Dashboard], Iterator[str]], ...] = (
    panels_say_what_they_show,
    panels_lie_beside_each_other,
    datasources_are_a_choice,
    variables_follow_the_workers,
    queries_can_be_read,
    rates_follow_the_zoom,
    queries_ask_the_chosen_workers,
    legends_can_be_read,
    dashboards_stay_as_they_are,
)
"""Rules that need nothing but the dashboard."""
