"""What the words and letters that are proper to a language say of a text: the tables of `function_words.toml`."""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLES = Path(__file__).with_name("function_words.toml")

# What most words of one belong to the others too: there a shared word speaks for each of them in full.
_FAMILIES = ("hi-Latn ur-Latn", "id ms", "hr sr", "cs sk", "da nb", "nl af", "ru uk be", "bg mk sr", "tt kk")
KIN = {lang: family for family in _FAMILIES for lang in family.split()}

_MOST_WORDS = 200
_DENSE = 2.0  # about every other word of plain prose carries grammar: half the words are full evidence
_MOST_SHARE = 1.4  # above 1, so that kin that share most words still differ in dense text
_LETTER = 4.0  # what a letter of its own, as a share of all letters, counts beside a word
_SYLLABLES = "\u1200"  # from here on a sign is a syllable
_KEYBOARDS = str.maketrans("يىك", "ییک")  # Persian, Pashto and Urdu are also typed on Arabic keyboards


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the tables say of a text.

    `shares` gives languages how much speaks for them, 1 for plain prose and at most 1.4. `own` are those with a letter of
    their own in it, `foreign` those that never have one of its letters.
    """

    shares: Mapping[str, float]
    own: frozenset[str]
    foreign: frozenset[str]


class WordLists:
    """Function words, proper and foreign letters by language."""

    def __init__(self, path: Path = TABLES) -> None:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        self.langs = frozenset(tables)
        self._words = _inverted({lang: {_fold(word) for word in one["words"].split()} for lang, one in tables.items()})
        self._letters = _inverted({lang: set(one.get("letters", "")) for lang, one in tables.items()})
        self._foreign = _inverted({lang: set(one.get("foreign", "")) for lang, one in tables.items()})
        self._telling = self._letters.keys() | self._foreign.keys()

    def evidence(self, words: Sequence[str]) -> Evidence:
        """Say what the tables give for the words of a text, in lower case."""
        some = words[:_MOST_WORDS]
        found: dict[str, float] = defaultdict(float)
        for word in some:
            langs = self._words.get(_fold(word), ())
            each = _DENSE / (_families(langs) * (len(some) + 1)) if langs else 0.0
            for lang in langs:
                found[lang] += each
        text = "".join(some)
        letters = sorted(set(text) & self._telling)
        self._add_letters(found, {letter: text.count(letter) for letter in letters}, len(text))
        own = frozenset(lang for letter in letters for lang in self._letters.get(letter, ()))
        foreign = frozenset(lang for letter in letters for lang in self._foreign.get(letter, ()))
        return Evidence({lang: min(_MOST_SHARE, share) for lang, share in found.items()}, own, foreign)

    def _add_letters(self, found: dict[str, float], letters: Mapping[str, int], total: int) -> None:
        for letter, count in letters.items():
            langs = self._letters.get(letter, ())
            weight = _LETTER * (2 if letter >= _SYLLABLES and not letter.islower() else 1)
            for lang in langs:
                found[lang] += weight * count / (len(langs) * total)


@cache
def word_lists() -> WordLists:
    """Give the tables that ship, read once."""
    return WordLists()


@cache
def _families(langs: tuple[str, ...]) -> int:
    return len({KIN.get(lang, lang) for lang in langs})


def _fold(word: str) -> str:
    return word if word.isascii() else word.translate(_KEYBOARDS)


def _inverted(parts: Mapping[str, set[str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for lang, own in parts.items():
        for part in own:
            found[part].append(lang)
    return {part: tuple(langs) for part, langs in found.items()}
