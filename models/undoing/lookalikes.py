"""Letters that look like a letter of another script.

From Unicode's `confusables.txt` (UTS 39, Unicode 15; Unicode License V3, see NOTICE), without what NFKC folds, as rows of a Latin
letter and its doubles, and from handwriting and type where the standard compares forms too strictly (`_LOOSE`).
"""

import unicodedata

_LATIN = """
a α а|b Ь Ꮟ ᑲ ᖯ|c с ⲥ ꮯ 𐐽|d ԁ Ꮷ ᑯ ꓒ|e е ҽ|f ք|g ց|h һ հ Ꮒ|i ι і Ꭵ ꙇ ꭵ 𑣃|j ϳ ј|l ӏ Ӏ|n ո|o ο о օ ⲟ 𐐬 𐓪 𑣈 𑣗|p ρ р ⲣ|q ԛ գ զ
r ⲅ ꮁ|s ѕ ꮪ 𐑈 𑣁|u υ ս 𐓶 𑣘|v ν ѵ ꮩ 𑣀|w ѡ ԝ ա ꮃ|x х ᕁ ᕽ|y γ у ү ყ 𑣜|z ꮓ 𑣄
A Α А Ꭺ ᗅ ꓮ 𐊠|B Β В Ᏼ ᗷ ꓐ 𐊂 𐊡 𐌁|C С Ꮯ Ⲥ ꓚ 𐊢 𐌂 𐐕 𐔜|D Ꭰ ᗞ ᗪ ꓓ|E Ε Е Ꭼ ⴹ ꓰ 𐊆|F Ϝ ᖴ ꓝ 𐊇 𐊥 𐔥|G Ԍ Ꮐ Ᏻ ꓖ|H Η Н Ꮋ ᕼ Ⲏ ꓧ 𐋏
I Ι І Ⲓ ⵏ ꓲ 𐊊 𐌉|J Ϳ Ј Ꭻ ᒍ ꓙ|K Κ К Ꮶ Ⲕ ꓗ 𐔘|L Ꮮ ᒪ Ⳑ ꓡ 𐐛 𐔦|M Μ Ϻ М Ꮇ ᗰ Ⲙ ꓟ 𐊰 𐌑|N Ν Ⲛ ꓠ 𐔓|O Ο О Օ Ⲟ ⵔ ꓳ 𐊒 𐊫 𐐄 𐓂 𐔖|P Ρ Р Ꮲ ᑭ Ⲣ ꓑ 𐊕
Q ⵕ|R Ꭱ Ꮢ ᖇ ꓣ 𐒴|S Ѕ Տ Ꮥ Ꮪ ꓢ 𐊖 𐐠|T Τ Т Ꭲ Ⲧ ꓔ 𐊗 𐊱 𐌕|U Ս ᑌ ꓴ 𐓎|V Ѵ Ꮩ ᐯ ⴸ ꓦ 𐔝|W Ԝ Ꮃ Ꮤ ꓪ|X Χ Х Ⲭ ⵝ ꓫ 𐊐 𐊴 𐌗 𐔧|Y Υ У Ү Ꭹ Ꮍ Ⲩ ꓬ 𐊲|Z Ζ Ꮓ ꓜ
"""
_ROWS = [row.split() for row in _LATIN.replace("\n", "|").split("|") if row]
_LOOSE = [
    "r г",
    "b в β",
    "h н",
    "k к κ",
    "m м",
    "t т τ",
    "n п η",
    "u и",
    "w ш ω",
    "e ε",
    "N И",
    "ë ё",
    "ï ї",
    "Ë Ё",
    "Ï Ї",
]
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def _script(letter: str) -> str:
    return unicodedata.name(letter).split(" ")[0]


def _rows_by_target(rows: list[list[str]]) -> dict[str, dict[str, str]]:
    """For each script, what looks like which of its letters."""
    found: dict[str, dict[str, str]] = {target: {} for target in _SCRIPTS}
    for row in rows:
        for target in _SCRIPTS:
            own = next((one for one in row if _script(one) == target), None)
            for other in row:
                if own and _script(other) != target:
                    found[target].setdefault(other, own)
    return found


_RARE_CYRILLIC = frozenset("ЬԁҽһӏԛѕѵѡԝүӀԌЅѴԜҮꙇ")


def _strict() -> dict[str, dict[str, str]]:
    found = _rows_by_target(_ROWS)
    found["CYRILLIC"] = {other: own for other, own in found["CYRILLIC"].items() if own not in _RARE_CYRILLIC}
    return found


STRICT = _strict()
"""For each script, foreign letters that look the same as one of its own."""

LOOSE = _rows_by_target([row.split() for row in _LOOSE])
del LOOSE["CYRILLIC"]["h"]
"""For each script, foreign letters that a reader takes for one of its own."""
