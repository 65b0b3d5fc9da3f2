"""Two artefacts on the same posts: the contests between them, and what the second would lose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from models.evaluation import groups
from models.evaluation.paired import Contest, contest
from models.judging import Judged

Both = Sequence[tuple[Judged, Judged]]
"""Each row as the first and as the second artefact decides it."""


@dataclass(frozen=True, slots=True)
class Versus:
    """Everything that was compared. `notes` say what the comparison is worth; `languages` count the offers found."""

    a: str
    b: str
    notes: tuple[str, ...]
    overall: tuple[Contest, ...]
    languages: tuple[Contest, ...]

    @property
    def losses(self) -> list[Contest]:
        """Where the second finds fewer offers, in a language or over all, by more than the interval."""
        recall = [one for one in self.overall if one.what == OFFERS]
        return [one for one in (*recall, *self.languages) if one.better == "A"]

    @property
    def verdict(self) -> str:
        """Which is better over all languages, in a line."""
        better = {side: [one.what for one in self.overall if one.better == side] for side in ("A", "B")}
        for side, other in (("A", "B"), ("B", "A")):
            if better[side] and not better[other]:
                return f"{side} is better: {', '.join(better[side])}"
        if better["A"]:
            return f"neither is better: A in {', '.join(better['A'])}; B in {', '.join(better['B'])}"
        return "no difference beyond noise"

    def as_json(self) -> dict[str, Any]:
        """Give all counts with their intervals and verdicts."""
        return {
            "a": self.a,
            "b": self.b,
            "notes": self.notes,
            "verdict": self.verdict,
            "overall": [one.as_json() for one in self.overall],
            "languages": [one.as_json() for one in self.languages],
            "losses": [one.what for one in self.losses],
        }


OFFERS = "offers found"

_Holds = Callable[[Judged], bool]


def _found(kind: str) -> _Holds:
    return lambda one: one.row.kind == kind


# what is counted: among which rows, what of them, and whether more of it is better
_MEASURES: dict[str, tuple[_Holds, _Holds, bool]] = {
    OFFERS: (lambda one: groups.is_offer(one.row), lambda one: one.is_found, True),
    "recruitment found": (_found("recruitment"), lambda one: one.is_found, True),
    "smuggling found": (_found("smuggling"), lambda one: one.is_found, True),
    "sexual exploitation found": (_found("sexual_exploitation"), lambda one: one.is_found, True),
    "distress found": (_found("distress"), lambda one: one.is_found, True),
    "distress flagged as an offer": (_found("distress"), lambda one: one.is_flagged, False),
    "benign flagged as an offer": (
        lambda one: one.row.kind == "benign" and not one.row.is_background,
        lambda one: one.is_flagged,
        False,
    ),
    "background flagged as an offer": (
        lambda one: groups.is_counted_background(one.row),
        lambda one: one.is_flagged,
        False,
    ),
}


def versus(a: str, b: str, both: Both, notes: Sequence[str]) -> Versus:
    """Compare what both decided; what there are no posts for is left out."""
    among = {what: [pair for pair in both if inside(pair[0])] for what, (inside, _, _) in _MEASURES.items()}
    measured = [what for what, pairs in among.items() if pairs]
    overall = tuple(_contest(what, what, among[what], len(measured)) for what in measured)
    langs = sorted({one.row.lang for one, _ in among[OFFERS]})
    by_lang = {lang: [pair for pair in among[OFFERS] if pair[0].row.lang == lang] for lang in langs}
    return Versus(
        a, b, tuple(notes), overall, tuple(_contest(OFFERS, lang, by_lang[lang], len(langs)) for lang in langs)
    )


def _contest(measure: str, name: str, pairs: Both, among: int) -> Contest:
    _, holds, more = _MEASURES[measure]
    return contest(name, [(holds(one), holds(other)) for one, other in pairs], more=more, among=among)
