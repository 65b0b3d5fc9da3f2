"""In which languages a post is written: CLD2 first, LangID where that is unsure, and word lists for what both miss.

The script is counted first; its languages then compete (`pipeline.screen.voting`). The author's own hint is one voice of
several: it decides only where the text itself does not.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pycld2
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipeline.screen.scripts import HAN, KANA, LANGUAGE_OF, LATIN, count_scripts
from pipeline.screen.voting import COMMON_LATIN, ELSEWHERE, Voices, decide
from pipeline.screen.wordlists import Evidence, word_lists

UNKNOWN = "und"
_MOST = 4000  # characters that are read
_RENAMED = {
    "iw": "he", "jw": "jv", "fil": "tl", "no": "nb", "nn": "nb", "sdh": "ckb", "zh-Hant": "zh", "zh-Hans": "zh", "in": "id",
    "mo": "ro", "arz": "ar", "ary": "ar", "bh": "hi", "ak": "tw", "yue": "zh", "wuu": "zh", "sco": "en",
}  # fmt: skip
_NOISE = re.compile(r"https?://\S{1,2048}|www\.\S{1,2048}|@\w{1,256}|#")
_SKIPPED = frozenset(("rt", "http", "https"))  # what sharing and cutting leave behind
# Vowel signs and tone marks are no letters to `\w`, and would split the words of the scripts of India and South-East Asia.
_MARKS = (
    "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u09e3"
    "\u09f0-\u0dff\u0e30-\u0e4e\u0eb0-\u0ece\u0f71-\u0fbc\u102b-\u103e\u135d-\u135f\u17b4-\u17d3"
)
_WORD = re.compile(rf"[^\W_][\w{_MARKS}]*(?:['’ʼ\u200c][\w{_MARKS}]+)*")
_CODE = re.compile(r"^[a-z]{2,3}(?:-[A-Za-z]{4})?(?=$|[-_])")


class Languages:
    """Identifies languages. Loads LangID's model at first need (0.2 s, about 20 MB)."""

    def __init__(self) -> None:
        self._second: LanguageIdentifier | None = None
        self._lists = word_lists()

    def identify(self, text: str, hints: Sequence[str] = ()) -> tuple[str, ...]:
        """The languages of a cleaned text, the main one first and at most two. Never raises.

        ISO 639 codes as in the taxonomy, `xx-Latn` for a language of another script that is written in Latin letters, or
        `und`. In code-switched text the main language is the one whose grammar carries it, mostly not English.
        """
        hint = next((code for hint in hints if (code := _code(hint))), None)
        words = _words(text)
        scripts = count_scripts(" ".join(words))
        found = [code for script in _chosen(scripts) for code in self._in(script, words, hint)]
        return tuple(dict.fromkeys(found))[:2] or (hint or UNKNOWN,)

    def _in(self, script: str, words: Sequence[str], hint: str | None) -> tuple[str, ...]:
        if script in LANGUAGE_OF:
            return (LANGUAGE_OF[script],)
        if script in (HAN, KANA):
            return ("ja" if script == KANA else "zh",)
        letters = " ".join(words)
        sure, first = _first(letters)
        lists = self._lists.evidence([word.casefold() for word in words])
        second = {} if sure and _agree(first, lists) else self._ask_second(letters)
        return decide(Voices(script, sure, first, lists, second), hint)

    def _ask_second(self, letters: str) -> Mapping[str, float]:
        if self._second is None:
            self._second = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
            known = COMMON_LATIN | ELSEWHERE
            self._second.set_languages([code for code in self._second.nb_classes if _RENAMED.get(code, code) in known])
        shares: dict[str, float] = defaultdict(float)
        for code, share in self._second.rank(letters[:1000])[:5]:
            shares[_RENAMED.get(code, str(code))] += float(share)
        return shares


def _chosen(scripts: Mapping[str, int]) -> list[str]:
    """The main script and the second if it has a quarter of the text; Latin weighs half, for it carries brands and places.

    Japanese is known by its Kana, of which a tenth of the text is enough.
    """
    total = sum(scripts.values())
    weights = {script: count * (1 if script == LATIN else 2) for script, count in scripts.items()}
    if scripts.get(KANA, 0) * 10 >= total:
        weights[KANA] = weights.get(KANA, 0) + weights.pop(HAN, 0)
    ranked = sorted((script for script in weights if weights[script]), key=lambda script: -weights[script])
    return [script for script in ranked[:2] if script == ranked[0] or scripts[script] * 4 >= total]


def _words(text: str) -> list[str]:
    """The words of the text without links, names and numbers; digits within words stay (Arabizi)."""
    found = _WORD.findall(_NOISE.sub(" ", text[: 2 * _MOST])[:_MOST])
    return [word for word in found if not word.isdecimal() and word.lower() not in _SKIPPED]


def _first(letters: str) -> tuple[bool, Mapping[str, float]]:
    """Whether CLD2 is sure, and its shares of the text."""
    try:
        sure, _, details = pycld2.detect(letters)
    except (pycld2.error, UnicodeEncodeError, ValueError):
        return False, {}
    shares: dict[str, float] = defaultdict(float)
    for _, code, percent, _ in details:
        if code != "un":
            shares[_RENAMED.get(code, code)] += percent / 100
    return bool(sure), shares


def _agree(first: Mapping[str, float], lists: Evidence) -> bool:
    """Whether the lists say clearly what CLD2 says, so that no third voice is needed."""
    best = max(lists.shares, key=lambda code: lists.shares[code], default=None)
    return best is not None and first.get(best, 0.0) > 0.6 and lists.shares[best] > 0.3


def _code(hint: str) -> str | None:
    found = _CODE.match(hint.strip())
    if not found:
        return None
    code = found.group().split("-")[0]
    return _RENAMED.get(code, code)
