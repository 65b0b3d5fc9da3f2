"""The figures of the model card, in tables; all others are those of `models.evaluation`."""

from collections.abc import Iterable, Mapping, Sequence

from models.decision import Lane
from models.examples import LANES
from models.judging import Judged
from models.measures import Share, share_of, shares_by

_LANES: tuple[Lane, ...] = ("offers", "exploitation", "protection")


def render_summary(judged: Sequence[Judged]) -> str:
    """Give the figures that matter most: by kind, false hits, and what is mistaken for an offer."""
    return "\n".join(
        [
            "## Reached its lane, by kind\n",
            _table("kind, written for", _by_kind(judged)),
            "## Raised to alert, of all offers\n",
            _table(
                "kind, written for",
                shares_by(_offers(judged), _kind_and_origin, lambda one: one.is_flagged and one.is_alert),
            ),
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


def _kind_and_origin(one: Judged) -> str:
    return f"{one.row.kind}, {one.row.origin}"


def _by_kind(judged: Sequence[Judged]) -> dict[str, Share]:
    return shares_by([one for one in judged if one.row.kind != "benign"], _kind_and_origin, lambda one: one.is_found)


def _is_hard_benign(one: Judged) -> bool:
    return one.row.kind == "benign" and one.row.hard


def _mistaken(judged: Sequence[Judged]) -> dict[str, Share]:
    distress = [one for one in judged if one.row.kind == "distress"]
    exploitation = [one for one in judged if one.row.kind == "sexual_exploitation"]
    return {
        "hard benign examples": share_of([one for one in judged if _is_hard_benign(one)], lambda one: one.is_flagged),
        "distress (victims, witnesses, relatives)": share_of(distress, lambda one: one.is_flagged),
        "sexual exploitation": share_of(exploitation, lambda one: one.is_flagged),
    }


def _lane_rates(judged: Sequence[Judged]) -> dict[str, str]:
    posts = _background(judged)
    reached = [one.decision.lane for one in posts]
    return {lane: Share(reached.count(lane), len(reached)).per_100_000() for lane in _LANES}


def _table(title: str, shares: Mapping[str, Share], texts: Mapping[str, str] | None = None) -> str:
    cells = {name: str(share) for name, share in shares.items()} | dict(texts or {})
    lines = [f"| {title} | share |", "| --- | --- |", *(f"| {name} | {cell} |" for name, cell in cells.items())]
    return "\n".join(lines) + "\n"
