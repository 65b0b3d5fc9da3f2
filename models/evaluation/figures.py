"""The tables of an evaluation: what is found, what is mistaken, and how often ordinary posts are taken for a hit."""

from collections.abc import Callable, Sequence

from models.evaluation import groups
from models.evaluation.tables import Counted, Holds, Table, grouped, tabled
from models.examples import LANES
from models.judging import Judged
from models.measures import share_of

_LEVELS: Counted = {
    "review or alert": lambda one: one.is_found,
    "alert": lambda one: one.is_found and one.is_alert,
}
_FLAGGED: Counted = {
    "flagged as an offer": lambda one: one.is_flagged,
    "flagged at alert": lambda one: one.is_flagged and one.is_alert,
}
_ONE_HAND = "Each part of the authors was held out as a whole; author 1 of every language is in one part, and so on."


def tables(judged: Sequence[Judged]) -> list[Table]:
    """Give all tables but the headline, in the order in which they are read."""
    return [*_recall(judged), *_mistaken(judged), *_false_hits(judged)]


def _recall(judged: Sequence[Judged]) -> list[Table]:
    known = [one for one in judged if one.row.kind != "benign"]
    offers = [one for one in known if groups.is_offer(one.row)]
    corpus = [one for one in offers if one.row.origin == "corpus"]

    def table(name: str, title: str, some: Sequence[Judged], key: Callable[[Judged], Sequence[str]]) -> Table:
        return Table(name, title, tuple(_LEVELS), tabled(grouped(some, key), _LEVELS))

    split = grouped(offers, lambda one: [groups.author_split(one.row)])
    return [
        table("kinds", "Reached its lane, by kind", known, lambda one: [groups.kind_and_origin(one.row)]),
        table("languages", "Offers found, by language", offers, lambda one: [one.row.lang]),
        _kinds_by_language(judged),
        table("subtypes", "Reached its lane, by subtype", known, _subtypes),
        _named(known),
        table("sorts", "Reached its lane, by sort of text written after a quoted one", known, _sorts),
        table("lengths", "Offers found, by characters", corpus, lambda one: [groups.length_band(one.row)]),
        Table("authors", "Offers found, by part of the authors", tuple(_LEVELS), tabled(split, _LEVELS), _ONE_HAND),
    ]


def _subtypes(one: Judged) -> list[str]:
    return [f"{one.row.kind}: {subtype}" for subtype in one.row.subtypes]


def _named(known: Sequence[Judged]) -> Table:
    """Per subtype and kind, how often its name is among those that a hit of its kind would show."""
    counted: Counted = {
        "named first": lambda one: one.subtypes[:1] != () and one.subtypes[0] in one.row.subtypes,
        "named": lambda one: not set(one.subtypes).isdisjoint(one.row.subtypes),
    }
    some = [one for one in known if one.row.subtypes]
    rows = tabled(grouped(some, lambda one: [f"{one.row.kind} (all)", *_subtypes(one)]), counted)
    note = "Of posts of that subtype: one of its subtypes is named first, or is one of the one or two that are named."
    return Table("subtypes_named", "Subtypes named", tuple(counted), rows, note)


def _sorts(one: Judged) -> list[str]:
    return [f"{one.row.kind}: {one.row.why}"] if one.row.origin == "realstyle" else []


def _kinds_by_language(judged: Sequence[Judged]) -> Table:
    """Per language, what is found of each kind, and which benign posts and pleas are taken for an offer."""
    examples = grouped([one for one in judged if not one.row.is_background], lambda one: [one.row.lang])
    columns = ("recruitment", "smuggling", "sexual exploitation", "distress", "hard benign flagged", "distress flagged")
    rows = {}
    for lang, some in examples.items():
        of = {kind: [one for one in some if one.row.kind == kind] for lane in LANES.values() for kind in lane}
        found = [share_of(inside, lambda one: one.is_found) for inside in of.values()]
        hard = [one for one in some if groups.is_hard_benign(one.row)]
        flagged = [share_of(inside, lambda one: one.is_flagged) for inside in (hard, of["distress"])]
        rows[lang] = (*found, *flagged)
    return Table("language_kinds", "Found and mistaken, by language", columns, rows)


def _mistaken(judged: Sequence[Judged]) -> list[Table]:
    hard = [one for one in judged if groups.is_hard_benign(one.row)]
    distress = [one for one in judged if one.row.kind == "distress"]
    found: Counted = {"found as distress": lambda one: one.is_found, **_FLAGGED}
    by_subtype = tabled(grouped(distress, lambda one: one.row.subtypes or [one.row.why]), found)
    return [
        Table(
            "hard_benign",
            "Hard benign examples taken for an offer, by group",
            tuple(_FLAGGED),
            tabled(grouped(hard, lambda one: [groups.benign_group(one.row)]), _FLAGGED),
            "The groups follow from what the author of an example noted as its reason (`models/evaluation/groups.py`).",
        ),
        Table("distress", "Distress (victims, witnesses, relatives), by subtype", tuple(found), by_subtype),
        _confusion(judged),
    ]


def _confusion(judged: Sequence[Judged]) -> Table:
    """What examples of each kind are held to be."""
    examples = grouped([one for one in judged if not one.row.is_background], lambda one: [one.row.kind])
    counted: dict[str, Holds] = {"no lane": lambda one: one.decision.lane is None}
    counted |= {kind: _held_to_be(kind) for lane in LANES.values() for kind in lane}
    note = "A row a kind, a column what its posts were held to be; a post in no lane is before nobody."
    return Table("confusion", "Confusion of kinds", tuple(counted), tabled(examples, counted), note)


def _held_to_be(kind: str) -> Holds:
    return lambda one: one.decision.lane is not None and one.decision.kind == kind


def _false_hits(judged: Sequence[Judged]) -> list[Table]:
    posts = [one for one in judged if groups.is_counted_background(one.row)]
    lanes: Counted = {
        "offers": lambda one: one.is_flagged,
        "offers at alert": lambda one: one.is_flagged and one.is_alert,
        "exploitation": lambda one: one.decision.lane == "exploitation",
        "protection": lambda one: one.decision.lane == "protection",
    }
    note = (
        "Per 100,000 posts, presumed benign and looked at by nobody, of data sets that neither the training nor the thresholds saw;"
        " with the exact one-sided 95 % upper bound (Clopper-Pearson)."
    )
    sources = {"all": posts, **grouped(posts, lambda one: [one.row.group])}
    langs = grouped(posts, lambda one: [one.row.lang])
    return [
        Table("sources", "False hits, by data set", tuple(lanes), tabled(sources, lanes), note, rates=True),
        Table("source_languages", "False hits, by language", tuple(lanes), tabled(langs, lanes), rates=True),
    ]
