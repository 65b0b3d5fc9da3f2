"""Put the figures of an evaluation into words and tables, for `docs/model` and the model card."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from models.decision import Lane
from models.examples import LANES
from models.judging import Judged
from models.measures import Share, share_of, shares_by

_LANES: tuple[Lane, ...] = ("offers", "exploitation", "protection")

_TERMS = """Every figure is held out: the heads saw neither the author or article of an example nor the data set of a
background post, and the thresholds were set on other folds. The strengths of the regressions were chosen on the same
folds, so the figures are somewhat kind. Shares are given with their 95 % Wilson interval and their counts. No native
speaker has reviewed the examples: a figure on them is kinder than the world.
"""


def render_figures(judged: Sequence[Judged]) -> str:
    """Give the whole evaluation as Markdown."""
    parts = ["# Figures of the classifier\n", _TERMS, render_summary(judged)]
    parts += ["## Offers flagged, by language\n", _by_language(judged)]
    parts += ["## Offers flagged, by length of the post\n", _table("characters", _by_length(_offers(judged)))]
    parts += ["## Background flagged as offers, by data set\n", _rates(judged, lambda one: one.row.group)]
    parts += ["## Background flagged as offers, by language\n", _rates(judged, lambda one: one.row.lang)]
    return "\n".join(parts)


def render_summary(judged: Sequence[Judged]) -> str:
    """Give the figures that matter most: by kind, false hits, and what is mistaken for an offer."""
    return "\n".join(
        [
            "## Reached its lane, by kind\n",
            _table("kind, written for", _by_kind(judged)),
            "## Raised to alert, of all offers\n",
            _table("kind, written for", shares_by(_offers(judged), _kind_and_origin, _is_alert)),
            "## Mistaken for an offer\n",
            _table("what", _mistaken(judged)),
            "## Background posts in a lane\n",
            _table("lane", {}, _lane_rates(judged)),
        ]
    )


def _offers(judged: Iterable[Judged]) -> list[Judged]:
    return [one for one in judged if one.row.kind in LANES["offers"]]


def _background(judged: Iterable[Judged]) -> list[Judged]:
    return [one for one in judged if one.row.is_background and one.row.measured]


def _is_flagged(one: Judged) -> bool:
    return one.decision.lane == "offers"


def _is_alert(one: Judged) -> bool:
    return _is_flagged(one) and one.decision.level == "alert"


def _is_in_its_lane(one: Judged) -> bool:
    return one.decision.lane is not None and one.row.kind in LANES[one.decision.lane]


def _kind_and_origin(one: Judged) -> str:
    return f"{one.row.kind}, {one.row.origin}"


def _by_kind(judged: Sequence[Judged]) -> dict[str, Share]:
    return shares_by([one for one in judged if one.row.kind != "benign"], _kind_and_origin, _is_in_its_lane)


def _by_language(judged: Sequence[Judged]) -> str:
    offers = _offers(judged)
    lines = ["| language | recruitment | smuggling | hard benign flagged |", "| --- | --- | --- | --- |"]
    for lang in sorted({one.row.lang for one in offers}):
        inside = [one for one in judged if one.row.lang == lang]
        cells = [share_of([one for one in inside if one.row.kind == kind], _is_flagged) for kind in LANES["offers"]]
        hard = share_of([one for one in inside if _is_hard_benign(one)], _is_flagged)
        lines.append(f"| {lang} | {cells[0]} | {cells[1]} | {hard} |")
    return "\n".join(lines) + "\n"


def _by_length(offers: Sequence[Judged]) -> dict[str, Share]:
    limits = (40, 60, 80, 120, 100_000)
    groups = {f"under {limit}" if limit < 100_000 else "120 and more": limit for limit in limits}
    found, least = {}, 0
    for name, limit in groups.items():
        found[name] = share_of([one for one in offers if least <= len(one.row.text) < limit], _is_flagged)
        least = limit
    return found


def _is_hard_benign(one: Judged) -> bool:
    return one.row.kind == "benign" and one.row.hard


def _mistaken(judged: Sequence[Judged]) -> dict[str, Share]:
    distress = [one for one in judged if one.row.kind == "distress"]
    exploitation = [one for one in judged if one.row.kind == "sexual_exploitation"]
    return {
        "hard benign examples": share_of([one for one in judged if _is_hard_benign(one)], _is_flagged),
        "distress (victims, witnesses, relatives)": share_of(distress, _is_flagged),
        "sexual exploitation": share_of(exploitation, _is_flagged),
    }


def _lane_rates(judged: Sequence[Judged]) -> dict[str, str]:
    posts = _background(judged)
    reached = [one.decision.lane for one in posts]
    return {lane: Share(reached.count(lane), len(reached)).per_100_000() for lane in _LANES}


def _rates(judged: Sequence[Judged], key: Callable[[Judged], str]) -> str:
    shares = shares_by(_background(judged), key, _is_flagged)
    return _table("", {}, {name: share.per_100_000() for name, share in shares.items()})


def _table(title: str, shares: Mapping[str, Share], texts: Mapping[str, str] | None = None) -> str:
    cells = {name: str(share) for name, share in shares.items()} | dict(texts or {})
    lines = [f"| {title} | share |", "| --- | --- |", *(f"| {name} | {cell} |" for name, cell in cells.items())]
    return "\n".join(lines) + "\n"
