"""How the voices on a text's language are weighed: CLD2, LangID, the word lists, the author's hint.

The weights were chosen on posts of odd-numbered authors and on odd-numbered background posts (docs/model/languages.md).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.screen.scripts import ARABIC, CYRILLIC, DEVANAGARI, ETHIOPIC, LANGUAGE_OF, LATIN
from pipeline.screen.wordlists import KIN, Evidence

OF_SCRIPT = {
    ARABIC: frozenset(["ar", "fa", "ps", "ckb", "ur", "ug", "sd"]),
    CYRILLIC: frozenset(["ru", "uk", "bg", "sr", "mk", "be", "kk", "ky", "tt", "tg", "mn", "uz", "ba"]),
    ETHIOPIC: frozenset(["am", "ti"]),
    DEVANAGARI: frozenset(["hi", "mr", "ne"]),
}
ELSEWHERE = frozenset().union(*OF_SCRIPT.values(), LANGUAGE_OF.values(), ("zh", "ja")) - {"uz", "sr"}
# What LangID may answer for Latin letters: without the rare ones, for which it mistakes short posts of others.
COMMON_LATIN = frozenset((
    "af", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "ha", "hr", "ht",
    "hu", "id", "ig", "is", "it", "jv", "ku", "lg", "ln", "lt", "lv", "mg", "ms", "mt", "nb", "nl", "om", "pcm",
    "pl", "pt", "ro", "rw", "sk", "sl", "sn", "so", "sq", "st", "sv", "sw", "tl", "tr", "uz", "vi", "xh", "yo",
    "zu",
))  # fmt: skip

_FIRST = {True: 0.8, False: 0.4}  # CLD2 where it is sure of itself, and where not
_SECOND = 0.8  # LangID
_WORDS, _ROMANISED = 1.8, 2.4  # the lists; nobody else knows languages of another script in Latin letters
_DONATED = 0.45  # English: posts of every language borrow its words, so they say less
_PIDGIN = 0.85  # of what speaks for English: most of Pidgin's words are English too
_HINT, _DEFAULT_HINT = 0.7, 0.05  # English is what platforms set by default, and says next to nothing
_RARER = {"ms": 0.65, "af": 0.7, "ur-Latn": 1.05}
_NEVER_BARE = frozenset(["sr", "mk", "be", "uk"])  # hardly a post without one of their own letters
_UNLIKELY = 0.5
_FLOOR = 0.08


@dataclass(frozen=True, slots=True)
class Voices:
    """What is said of a text: by CLD2 (and whether it is sure), by LangID if asked, by the lists; shares by language."""

    script: str
    sure: bool
    first: Mapping[str, float]
    lists: Evidence
    second: Mapping[str, float]


def decide(voices: Voices, hint: str | None) -> tuple[str, ...]:
    """Give the main language and, for code-switched text, the second; nothing where no voice is loud enough."""
    votes = _votes(voices)
    _weigh(votes, voices.lists)
    if hint:
        for code in (hint, f"{hint}-Latn"):
            if _fits(code, voices.script) and (code == hint or code in votes):
                votes[code] += _DEFAULT_HINT if hint == "en" else _HINT
    if hint == "pcm":  # nobody has it by default, and what looks English is mostly Pidgin too
        votes["pcm"] += votes["en"]
    main = max(votes, key=lambda code: votes[code], default=None)
    if main is None or votes[main] < _FLOOR:
        return ()
    return (main, *(code for code in voices.first if _is_beside(code, main, voices)))[:2]


def _votes(voices: Voices) -> dict[str, float]:
    votes: dict[str, float] = defaultdict(float)
    for code, share in voices.first.items():
        if _fits(code, voices.script):
            votes[code] += _FIRST[voices.sure] * share
    for code, share in voices.second.items():
        if code in COMMON_LATIN if voices.script == LATIN else _fits(code, voices.script):
            votes[code] += _SECOND * share
    for code, share in voices.lists.shares.items():
        if _fits(code, voices.script):
            votes[code] += (_ROMANISED if code.endswith("-Latn") else _WORDS) * share
    return votes


def _weigh(votes: dict[str, float], lists: Evidence) -> None:
    """Apply what is known of languages beyond the voices, in place."""
    pidgin = _WORDS * lists.shares.get("pcm", 0.0)
    votes["en"] = _DONATED * (votes.get("en", 0.0) + votes.pop("pcm", 0.0) - pidgin)
    if pidgin:
        votes["pcm"] = _PIDGIN * votes["en"] + pidgin
    for code in votes:
        votes[code] *= _RARER.get(code, 1.0)
        if code in lists.foreign or (code in _NEVER_BARE and code not in lists.own):
            votes[code] *= _UNLIKELY


def _fits(code: str, script: str) -> bool:
    return code in OF_SCRIPT[script] if script in OF_SCRIPT else code not in ELSEWHERE


def _is_beside(code: str, main: str, voices: Voices) -> bool:
    """Whether a second language is in the text beside the main one: both CLD2 and its own words must say so."""
    kin = KIN.get(code, code) == KIN.get(main, main) or {code, main} == {"en", "pcm"}
    return not kin and voices.first[code] >= 0.25 and voices.lists.shares.get(code, 0.0) >= 0.15
