"""Read the cases, score them, and put what came out in a table: a cell for each functionality and language."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from tests.functional.evasion import OPERATORS

FOLDER = Path(__file__).parent / "offers"
Expected = Literal["offer", "other", "victim"]

OFFERS = (
    "recruit_plain", "passage_plain", "papers_plain", "marriage_plain", "scam_job", "hostess_plain", "domestic_debt", "lure_love",
    "mule_job", "begging_crime", "code_switch", "truncated", "hashtags_only", "contact_first", "price_only", "reply_offer",
    "relayed", "denial_inside", "asks_who", "thanks_promo", "pay_on_arrival",
)  # fmt: skip
OTHERS = (
    "honest_job", "legal_visa", "negation", "quotation", "reported", "seeker_question", "past_story", "third_person_news", "irony",
    "campaign", "news_quotes", "holiday_travel", "moving_van", "money_transfer", "mlm_spam", "casting_honest", "dating_honest",
    "sport_study_honest", "research_ngo", "song_film_game", "marketplace", "debate",
)  # fmt: skip
VICTIMS = ("warning_repeats", "testimony", "plea", "relative_searching", "abroad_trapped")
EVADED = ("recruit_plain", "passage_plain", "papers_plain")  # what the evasion operators rewrite
FLOOR = 0.80


class Found(Protocol):
    """What a classifier says of a case."""

    @property
    def flagged(self) -> bool:
        """Whether it is flagged as an offer."""


class Judge(Protocol):
    """A classifier."""

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Found]:
        """Assess texts with their languages."""


@dataclass(frozen=True, slots=True)
class Case:
    """A text, the ability that it tests, and whether it is an offer."""

    functionality: str
    lang: str
    text: str
    expected: Expected


def read_cases(folder: Path = FOLDER) -> Iterator[Case]:
    """Give the cases of every language as they stand."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            functionality, text = line.split("\t")
            yield Case(functionality, path.stem, text, expected_of(functionality))


def evaded_cases(folder: Path = FOLDER) -> Iterator[Case]:
    """Give the plain offers rewritten by each operator, where it changes them."""
    plain = [case for case in read_cases(folder) if case.functionality in EVADED]
    for name, rewrite in OPERATORS.items():
        for case in plain:
            text = rewrite(case.text, case.lang)
            if text != case.text:
                yield Case(f"evasion_{name}", case.lang, text, "offer")


def expected_of(functionality: str) -> Expected:
    """Say what the cases of a functionality are."""
    return "offer" if functionality in OFFERS else "victim" if functionality in VICTIMS else "other"


def passes(cases: Sequence[Case], judge: Judge, batch: int = 2048) -> dict[tuple[str, str], list[bool]]:
    """Score the cases; for each functionality and language, whether each was flagged as it should be."""
    found: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for first in range(0, len(cases), batch):
        some = cases[first : first + batch]
        for case, one in zip(some, judge.assess([c.text for c in some], [c.lang for c in some]), strict=True):
            found[case.functionality, case.lang].append(one.flagged == (case.expected == "offer"))
    return found


def table(found: Mapping[tuple[str, str], Sequence[bool]]) -> str:
    """Give the shares as Markdown, a row a functionality, a column a language; then the cells under the floor."""
    langs = sorted({lang for _, lang in found})
    rows = list(dict.fromkeys(functionality for functionality, _ in found))
    lines = ["| functionality | all | " + " | ".join(langs) + " |", "|---|" + "---|" * (len(langs) + 1)]
    low = []
    for row in rows:
        every = [one for lang in langs for one in found.get((row, lang), ())]
        cells = []
        for lang in langs:
            some = found.get((row, lang), ())
            share = sum(some) / len(some) if some else None
            cells.append("" if share is None else f"{share:.2f}")
            if share is not None and share < FLOOR:
                low.append(f"{row} {lang} {share:.2f}")
        lines.append(f"| {row} | {sum(every) / len(every):.2f} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"{len(low)} cells under {FLOOR:.2f}: " + (", ".join(low) or "none") + "."])
