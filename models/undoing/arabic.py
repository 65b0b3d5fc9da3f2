"""Arabic letters that differ between Arabic, Persian and Urdu keyboards and look the same inside a word."""

import re
from collections import Counter

from models.undoing.aligned import Edit, Undone, rewrite

_ARABIC, _PERSIAN, _URDU = "كيه", "کیه", "کیہ"
_FORMS = re.compile("[كيکی]")
_URDU_SIGNS = re.compile("[ٹڈڑںے]")
_PASHTO_SIGNS = re.compile("[ټډړښږځڅېۍګڼ]")
_PERSIAN_SIGNS = re.compile("[پچژگ]")
_ARABIC_SIGNS = re.compile("[ةأإؤ]")


def one_keyboard(found: Undone) -> Undone:
    """Write kaf, yeh and heh as one language does, where a text mixes the forms through and through.

    A text may take its yeh from one keyboard and its kaf from another, and has a stray form now and then: the same letter must stand
    in both forms, three strays at least and a quarter of all. Pashto writes both, and means both.
    """
    if _PASHTO_SIGNS.search(found.text):
        return found
    count = Counter(_FORMS.findall(found.text))
    strays = min(count["ي"], count["ی"]) + min(count["ك"], count["ک"])
    if strays < 3 or strays * 4 < count.total():
        return found
    wanted = _keyboard(found.text, count["ي"] + count["ك"] > count["ی"] + count["ک"])
    same = dict(zip("كيهکیہ", wanted * 2, strict=True))
    return rewrite(found, (Edit(*one.span(), same[one[0]]) for one in re.finditer("[كيهکیہ]", found.text)))


def _keyboard(text: str, is_mostly_arabic: bool) -> str:
    if _URDU_SIGNS.search(text):
        return _URDU
    signs = len(_PERSIAN_SIGNS.findall(text)) - len(_ARABIC_SIGNS.findall(text))
    return _PERSIAN if signs > 0 or (signs == 0 and not is_mostly_arabic) else _ARABIC
