"""In which languages a post is written: CLD2 first, then LangID where it is unsure, then rules for what both miss.

The author's own hint decides only where the text itself does not.
"""

import re
from collections.abc import Sequence

import pycld2
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN = "und"
ENOUGH_LETTERS = 12
_RENAMED = {"iw": "he", "jw": "jv", "fil": "tl", "no": "nb", "sdh": "ckb", "zh-Hant": "zh", "zh-Hans": "zh", "in": "id"}
_NOISE = re.compile(r"https?://\S{1,2048}|[@#]\w{1,256}|(?:[^\w@#]|[\d_]|[@#](?!\w))+")
_ARABIC = re.compile("[\u0600-\u06ff]")
_SORANI = re.compile("[\u06d5\u06ce\u06c6\u0695\u06b5]")
_CODE = re.compile(r"^[a-z]{2,3}(?:-[A-Za-z]{4})?(?=$|[-_])")


class Languages:
    """Identifies languages. Loads LangID's model at first need (0.2 s, about 20 MB)."""

    def __init__(self) -> None:
        self._second: LanguageIdentifier | None = None

    def identify(self, text: str, hints: Sequence[str] = ()) -> tuple[str, ...]:
        """The languages of a cleaned text, the main one first: ISO 639 codes as in the taxonomy, or `und`. Never raises."""
        letters = _NOISE.sub(" ", text).strip()
        hinted = tuple(dict.fromkeys(code for hint in hints if (code := _code(hint))))
        if not letters:
            return hinted[:1] or (UNKNOWN,)
        found, sure = _first(letters, hinted)
        if found and sure:
            return tuple(_by_script(code, letters) for code in found)
        if hinted:
            return hinted[:1]
        if len(letters) < ENOUGH_LETTERS:
            return tuple(_by_script(code, letters) for code in found[:1]) or (UNKNOWN,)
        return (_by_script(self._ask_second(letters), letters),)

    def _ask_second(self, letters: str) -> str:
        if self._second is None:
            self._second = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        code, _ = self._second.classify(letters[:1000])
        return _RENAMED.get(code, str(code))


def _first(letters: str, hints: tuple[str, ...]) -> tuple[list[str], bool]:
    """CLD2's languages above a quarter of the text, and whether it is sure of them."""
    hint = hints[0] if hints else None
    try:
        sure, _, details = pycld2.detect(letters[:4000], hintLanguage=hint) if hint else pycld2.detect(letters[:4000])
    except (pycld2.error, UnicodeEncodeError, ValueError):
        return [], False
    codes = [_RENAMED.get(code, code) for _, code, percent, _ in details if code != "un" and percent >= 25]
    return codes[:2], bool(sure)


def _by_script(code: str, letters: str) -> str:
    """Kurdish in Arabic letters is Sorani; so is what carries Sorani's own letters but was taken for a neighbour."""
    if code == "ku" and _ARABIC.search(letters):
        return "ckb"
    if code in {"fa", "ar", "ur"} and len(_SORANI.findall(letters)) * 12 > len(letters):
        return "ckb"
    return code


def _code(hint: str) -> str | None:
    found = _CODE.match(hint.strip())
    if not found:
        return None
    code = found.group().split("-")[0]
    return _RENAMED.get(code, code)
