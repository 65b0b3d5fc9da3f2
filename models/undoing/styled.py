"""Letters and digits in other dress: in boxes and circles, as flags' letters, small capitals, under piled marks, native digits."""

import re
import unicodedata
from collections.abc import Iterator

from models.undoing.aligned import Edit, Undone, rewrite
from models.undoing.characters import ranges

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_FLAGS = (
    "ACADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCPCQCRCUCVCWCXCYCZDEDG"
    "DJDKDMDODZEAECEEEGEHERESETEUFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUICIDIEILIMINIOIQIRISITJEJMJO"
    "JPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOM"
    "PAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTATCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUA"
    "UGUMUNUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"
)
_COUNTRIES = frozenset(_FLAGS[at : at + 2] for at in range(0, len(_FLAGS), 2))
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]+")
_BOXED = re.compile("[\U0001f150-\U0001f169\U0001f170-\U0001f189]\ufe0f?")
_SMALL = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɡꬲꬵꭇᴑɯ", "abcdefghijklmnoprstuvwyzgefrow", strict=False))
_SMALL_RUN = re.compile(f"[{''.join(_SMALL)}]")
_DIGITS = {
    one: str(unicodedata.digit(chr(one)))
    for block in (range(0x600, 0x1A99), range(0x2070, 0x2800), range(0xA620, 0xFF1A), range(0x104A0, 0x1FBFA))
    for one in block
    if unicodedata.digit(chr(one), None) is not None and not 0x1369 <= one <= 0x1371  # Ethiopic has tens, but no places
}
_DIGIT = re.compile(f"[{ranges(sorted(_DIGITS))}]")
_KEYCAP = re.compile("(?<=[0-9])\ufe0f?\u20e3")
_INHERITED = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f"
_STRUCK = re.compile(f"(?<=[^\\W_])[{_INHERITED}]*[\u0332-\u0338\u033f\u0488\u0489\u20d0-\u20f0][{_INHERITED}]*")
_PILED = re.compile(f"[^\\W_][{_INHERITED}]+")
_WRAPPED = re.compile(r"(?:[(\[{][^\W\d_][)\]}][ ]?){3,}")
# Every pattern above needs one of these, but for the last: most texts have none, and are looked through once.
_DRESSED = re.compile(
    f"[\U0001f1e6-\U0001f1ff\U0001f150-\U0001f169\U0001f170-\U0001f189\u20e3{''.join(_SMALL)}{_INHERITED}]"
)


def plain_letters(found: Undone) -> Undone:
    """Give letters and digits their plain form: boxed, circled, small capitals, flags' letters that are no flags, keycaps."""
    if not _DRESSED.search(found.text):
        return rewrite(found, _unwrapped(found.text))
    for edits in (_flag_letters, _unboxed, _small, _keycaps, _unpiled, _unwrapped):
        found = rewrite(found, edits(found.text))
    return found


def ascii_digits(found: Undone) -> Undone:
    """Write the digits of every script, and circled ones, as ASCII."""
    if found.text.isascii():
        return found
    return rewrite(found, (Edit(*one.span(), _DIGITS[ord(one[0])]) for one in _DIGIT.finditer(found.text)))


def _flag_letters(text: str) -> Iterator[Edit]:
    for run in _REGIONAL.finditer(text):
        letters = "".join(_ALPHABET[ord(one) - 0x1F1E6] for one in run[0])
        pairs = [letters[at : at + 2] for at in range(0, len(letters), 2)]
        if not all(pair.upper() in _COUNTRIES for pair in pairs):
            yield Edit(*run.span(), letters)


def _unboxed(text: str) -> Iterator[Edit]:
    """A lone boxed letter is an emoji (a blood group); one that touches a letter, or many in a text, spell a word."""
    boxed = list(_BOXED.finditer(text))
    for one in boxed:
        first, last = one.span()
        beside = text[max(0, first - 1) : first] + text[last : last + 1]
        if len(boxed) > 2 or any(other.isalpha() or _BOXED.match(other) for other in beside):
            yield Edit(first, last, _ALPHABET[(ord(one[0][0]) - 0x1F150) % 32])


def _small(text: str) -> Iterator[Edit]:
    return (Edit(*one.span(), _SMALL[one[0]]) for one in _SMALL_RUN.finditer(text))


def _keycaps(text: str) -> Iterator[Edit]:
    return (Edit(*one.span(), "") for one in _KEYCAP.finditer(text))


def _unpiled(text: str) -> Iterator[Edit]:
    """Three marks or more on a letter, and lines through or under it, are in no orthography: they go, and the letter's own with them."""
    letters = {one: unicodedata.normalize("NFD", one[0]) for one in _PILED.finditer(text)}
    piled = {one.start(): Edit(*one.span(), parts[0]) for one, parts in letters.items() if len(parts) > 3}
    covered = {place for edit in piled.values() for place in range(edit.start, edit.end)}
    for one in _STRUCK.finditer(text):
        if one.start() not in covered:
            piled[one.start()] = Edit(*one.span(), "")
    return iter(sorted(piled.values()))


def _unwrapped(text: str) -> Iterator[Edit]:
    """`(w)(o)(r)(k)`, which is also what parenthesised letters come to."""
    for run in _WRAPPED.finditer(text):
        for place in range(*run.span()):
            if not text[place].isalpha():
                yield Edit(place, place + 1, " " if place + 1 == run.end() and text[place] == " " else "")
