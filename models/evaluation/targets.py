"""The headline: what the classifier reaches beside what it should."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from models.evaluation import groups
from models.evaluation.tables import cell_as_json, grouped
from models.judging import Judged
from models.measures import Difference, Share, share_of

_FEWEST = 20  # offers of a language in the corpus, from which it counts among the languages
_POINTS = 0.05


@dataclass(frozen=True, slots=True)
class Reached:
    """A figure at one level beside its target: at least it, or at most where `most`. `said` gives it with its counts."""

    what: str
    level: str
    value: float | None
    target: float
    most: bool
    said: str
    counts: dict[str, Any]

    @property
    def met(self) -> bool:
        """Whether the figure itself, not its bound, meets the target; never where nothing was measured."""
        if self.value is None:
            return False
        return self.value <= self.target if self.most else self.value >= self.target

    def as_json(self) -> dict[str, Any]:
        """Give the figure, its target and its counts."""
        figure = None if self.value is None else round(self.value, 6)
        sign = "at most" if self.most else "at least"
        return {
            "what": self.what,
            "level": self.level,
            "value": figure,
            sign: self.target,
            "met": self.met,
        } | self.counts


def headline(judged: Sequence[Judged]) -> list[Reached]:
    """Give the figures that matter most, each at review and at alert where both have a target."""
    levels: dict[str, Callable[[Judged], bool]] = {"review": lambda one: True, "alert": lambda one: one.is_alert}
    found = []
    for place, (level, reaches) in enumerate(levels.items()):
        found += [one for one in _at_level(judged, level, place, reaches) if one]
    distress = share_of([one for one in judged if one.row.kind == "distress"], lambda one: one.is_found)
    order = {one.what: place for place, one in reversed(list(enumerate(found)))}
    found.sort(key=lambda one: order[one.what])
    return [*found, _of("distress found as distress", "review", distress, 0.85, most=False), _parity(judged)]


def _at_level(judged: Sequence[Judged], level: str, place: int, reaches: Callable[[Judged], bool]) -> list[Reached]:
    def found(one: Judged) -> bool:
        return one.is_found and reaches(one)

    def flagged(one: Judged) -> bool:
        return one.is_flagged and reaches(one)

    def of(kind: str) -> Share:
        return share_of([one for one in judged if (one.row.kind, one.row.origin) == (kind, "realstyle")], found)

    hard = share_of([one for one in judged if groups.is_hard_benign(one.row)], flagged)
    distress = share_of([one for one in judged if one.row.kind == "distress"], flagged)
    public = share_of([one for one in judged if groups.is_public(one.row)], flagged)
    return [
        *_languages(judged, level, place, found),
        _of("recruitment written after quoted offers", level, of("recruitment"), (0.70, 0.45)[place], most=False),
        _of("smuggling written after quoted offers", level, of("smuggling"), (0.50, 0.25)[place], most=False),
        _of("hard benign flagged as an offer", level, hard, (0.08, 0.03)[place], most=True),
        _of("distress flagged as an offer", level, distress, (0.04, 0.01)[place], most=True),
        _of("news, campaigns, research flagged", level, public, (0.02, 0.01)[place], most=True),
    ]


def _languages(judged: Sequence[Judged], level: str, place: int, found: Callable[[Judged], bool]) -> list[Reached]:
    """Give the unweighted mean of the languages, and the worst of them with its bounds."""
    offers = [one for one in judged if groups.is_offer(one.row) and one.row.origin == "corpus"]
    shares = {lang: share_of(some, found) for lang, some in grouped(offers, lambda one: [one.row.lang]).items()}
    shares = {lang: share for lang, share in shares.items() if share.total >= _FEWEST}
    names = ("offers of held-out authors, mean of languages", "offers of held-out authors, worst language")
    targets = ((0.92, 0.75), (0.80, 0.60))[place]
    if not shares:
        return [
            Reached(name, level, None, target, False, "none", {}) for name, target in zip(names, targets, strict=True)
        ]
    middle = mean(share.value for share in shares.values())
    worst = min(shares, key=lambda lang: shares[lang].value)
    count = {"languages": len(shares), "of": sum(share.total for share in shares.values())}
    said = f"{middle:.2f}, {len(shares)} languages, {count['of']} posts"
    told = f"{worst}: {shares[worst]}"
    return [
        Reached(names[0], level, middle, targets[0], False, said, count),
        Reached(
            names[1],
            level,
            shares[worst].value,
            targets[1],
            False,
            told,
            {"lang": worst, **cell_as_json(shares[worst])},
        ),
    ]


def _of(what: str, level: str, share: Share, target: float, *, most: bool) -> Reached:
    value = share.value if share.total else None
    return Reached(what, level, value, target, most, str(share), cell_as_json(share))


def _parity(judged: Sequence[Judged]) -> Reached:
    """Compare the recall of offers of labour with that of subtypes which mostly aim at women."""
    offers = [one for one in judged if one.row.kind == "recruitment" and one.row.origin == "corpus"]
    labour, intimate = (
        share_of([one for one in offers if set(subtypes) & set(one.row.subtypes)], lambda one: one.is_found)
        for subtypes in groups.PARITY.values()
    )
    apart = Difference(labour, intimate)
    low, high = apart.interval
    counts = {
        "labour": cell_as_json(labour),
        "intimate": cell_as_json(intimate),
        "difference": round(apart.value, 6),
        "difference_low": round(low, 6),
        "difference_high": round(high, 6),
    }
    measured = labour.total and intimate.total
    said = f"{apart}; labour {labour}; intimate {intimate}" if measured else "none"
    what = "parity: labour less modelling, hostess, content, loverboy"
    return Reached(what, "review", abs(apart.value) if measured else None, _POINTS, True, said, counts)


def render_headline(reached: Sequence[Reached]) -> str:
    """Give the headline as Markdown."""
    lines = ["## Against the targets\n", "| | level | target | reached | |", "| --- | --- | --- | --- | --- |"]
    for one in reached:
        target = f"{'at most' if one.most else 'at least'} {one.target:g}"
        lines.append(f"| {one.what} | {one.level} | {target} | {one.said} | {'met' if one.met else '**not met**'} |")
    return "\n".join(lines) + "\n"
