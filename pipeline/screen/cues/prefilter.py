"""A glance at every post: which kinds of cue it may hold. One pass of re2 over the text, whatever its language.

It finds too much rather than too little: phrases without their boundaries, in every language at once, contacts by their signs. Routes are
not looked for. What it
passes by has none of the phrases as the lists write them; evasion must be undone before.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import re2

from pipeline.screen.cues.lexicon import Lexicon, lists
from pipeline.screen.cues.lists import ROLES
from pipeline.screen.cues.phrases import words_of

_SIGNS = {
    "telephone": [r"\d(?:[^\pL\pN]{0,3}\d){6}", r"wa\.me/", r"tel:"],
    "email": [r"\S@\S", r"[(\[]\s?(?:at|arroba|arobase|собака|chiocciola)\s?[)\]]"],
    "handle": [r"@[\pL\pN_]", r"[a-z0-9]_[a-z0-9]", r"t\.me/"],
    "url": [r"://", r"www\.", r"\.(?:com|org|net|me|ly)\b"],
    "price": [r"\d[^\pL\pN]{0,2}(?:[€$£₺₽₴₹৳¥₫﷼₦฿₱元]|eur|usd)", r"[€$£₺₽₴₹৳¥₫﷼₦฿₱] ?\d"],
}
_LEFT_OUT = frozenset({"place", "transport", "document", "contact", "meeting", "month", "weekday"})
"""Kinds that say nothing of a post alone, and tables."""

_DEPARTING = ("departure.when", "day")

_MEMORY = 64 << 20


class Prefilter:
    """The patterns of one lexicon, ready to run."""

    def __init__(self, lexicon: Lexicon) -> None:
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._kinds: list[str] = []
        for kind, patterns in _patterns(lexicon).items():
            self._set.Add("|".join(patterns))
            self._kinds.append(kind)
        self._set.Compile()

    def kinds(self, cleaned: str) -> frozenset[str]:
        """The kinds that a cleaned text may hold."""
        return frozenset(self._kinds[at] for at in self._set.Match(cleaned.lower().encode("utf-8", "replace")) or ())


def may_hold(cleaned: str, lexicon: Lexicon | None = None) -> frozenset[str]:
    """The kinds of cue that a cleaned text may hold, by the lists that ship (or those given). Never raises."""
    return _prefilter(lexicon or lists().lexicon()).kinds(cleaned)


@lru_cache(maxsize=2)
def _prefilter(lexicon: Lexicon) -> Prefilter:
    return Prefilter(lexicon)


def _patterns(lexicon: Lexicon) -> Mapping[str, Sequence[str]]:
    found: dict[str, set[str]] = {kind: set(signs) for kind, signs in _SIGNS.items()}
    money: set[str] = set()
    for entry in lexicon.entries.values():
        numbers: set[str] = set()
        for concept, phrases in entry.words.items():
            kind = concept.partition(".")[0]
            forms = {_pattern(phrase) for phrase in phrases}
            if kind in ("currency", "times"):
                money |= forms
            elif kind == "number":
                numbers |= forms
            elif concept.startswith(_DEPARTING):
                found.setdefault("departure", set()).update(forms)
            elif kind not in _LEFT_OUT and concept not in ROLES:
                found.setdefault(kind, set()).update(forms)
        if numbers:
            found["telephone"].add(rf"(?:(?:{'|'.join(sorted(numbers))})[ ,.-]{{0,2}}){{5}}")
    found["price"].add(rf"\pN[^\pL\pN]{{0,2}}(?:{'|'.join(sorted(money))})")
    found["price"].add(rf"\pL[^\pL\pN]{{0,2}}(?:{'|'.join(sorted(word for word in money if len(word) > 3))})[^\pL]")
    return {kind: sorted(patterns) for kind, patterns in found.items()}


def _pattern(phrase: str) -> str:
    """A phrase as it is written in lower case, any signs between its words."""
    words = [re2.escape(word) for word in phrase.lower().replace("*", " ").split()]
    return r"\s+".join(words) if words_of(phrase) else r"$^"
