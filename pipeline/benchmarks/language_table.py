"""The figures of language identification as a document."""

from collections.abc import Sequence

from models.measures import Share
from pipeline.benchmarks.languages import BANDS, HINTINGS, Hinting, Identified, band, mistakes, shares

HEADER = """# How well languages are identified

Written by `fanal corpus languages --out FILE --background FILE`; do not edit. A post counts as right where its main language is
the label's, in whatever script it is found. Shares with 95 % Wilson intervals and counts. *No hint*: the text alone; *right* and
*English*: with that as the author's own setting, English being what platforms set by default.

Word lists and weights were chosen on odd-numbered authors and posts; everything here is measured on even-numbered ones.
Two choices came later: that a hint of Pidgin is believed (the right hint's figures for `pcm` are so not held out), and the cap on a
list's share, checked on the odd half alone.

`xx-Latn` are posts labelled `xx`, of another script, in Latin letters. Labels are the data sets': those of `hi` hold English
posts, those of `pcm`, `tl` and others posts that are English but for a word.
"""


def render(found: Sequence[Identified], posts_per_s: float) -> str:
    """Give the document as Markdown: for corpus and background a table by language and one by length."""
    parts = [HEADER, f"One core identifies {posts_per_s:,.0f} posts a second of its time.\n"]
    for origin in sorted({one.known.origin for one in found}, reverse=True):
        some = [one for one in found if one.known.origin == origin]
        wrong = mistakes(some)
        parts.append(f"## {origin.capitalize()}\n")
        parts += ["| language | no hint | right hint | hint English | taken for |", "|---|---|---|---|---|"]
        whole = shares(some, lambda _: "all") | shares(some, lambda one: one.known.group)
        parts += [_row(group, by_hint, wrong.get(group, "")) for group, by_hint in whole.items()]
        parts += [f"\nHindi and Urdu in Latin letters taken as one language, no hint: {_hindustani(some)}."]
        parts += ["", "| characters | no hint | right hint | hint English |", "|---|---|---|---|"]
        by_band = shares(some, band)
        parts += [_row(name, by_band[name]) for name in BANDS if name in by_band]
        parts.append("")
    return "\n".join(parts)


def _hindustani(found: Sequence[Identified]) -> Share:
    """Count the posts that are found to be one or the other: who writes which, spelling alone hardly tells."""
    codes = ("hi-Latn", "ur-Latn")
    some = [one for one in found if one.known.group in codes and one.hinting == "none"]
    return Share(sum(one.found in codes for one in some), len(some))


def _row(name: str, by_hint: dict[Hinting, Share], *more: str) -> str:
    return "| " + " | ".join([name, *(str(by_hint[hinting]) for hinting in HINTINGS), *more]) + " |"
