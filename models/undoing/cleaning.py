"""What a person reads of a text: without the invisible characters that split words for a machine alone."""

import re
import unicodedata
from collections.abc import Iterator

from models.undoing.aligned import Edit, Undone, rewrite, untouched
from models.undoing.characters import MARKS

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85]")
_WITH_JOINERS = (
    "\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1b7f\u2190-\u2bff\ua800-\ua9ff\ufe0e\ufe0f\U0001f000-\U0001faff"
)
_JOINERS = re.compile(f"(?<![{_WITH_JOINERS}])[\u200c\u200d\u200e\u200f\u202a-\u202e]+|[\u200e\u200f\u202a-\u202e]+")
_SPACE = re.compile(r"\s+")
_COMPOSED = f"[{MARKS}\u1160-\u11ff\uff9e-\uffdc\U0001d165-\U0001d1ad\U0001e000-\U0001e94a]"
_CLUSTER = re.compile(f"[^\0-\x7f]{_COMPOSED}*|[\0-\x7f]{_COMPOSED}+")


def clean(text: str) -> str:
    """Undo what evasion adds and the eye does not see, fold compatibility forms (NFKC), and collapse white space.

    Joiners stay behind letters of scripts that write with them (Persian, Devanagari, emoji) and go everywhere else.
    """
    if text.isascii() and "  " not in text and text.isprintable():
        return text.strip()
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", _BREAKS.sub(" ", text)))
    while (shorter := unicodedata.normalize("NFKC", _JOINERS.sub("", text))) != text:
        text = shorter
    return _SPACE.sub(" ", text).strip()


def seen(text: str) -> Undone:
    """Clean a text as `clean` does, except that its white space stays as wide as it was: gaps tell words apart."""
    found = untouched(text)
    if text.isascii() and text.isprintable():
        return found
    found = rewrite(found, (Edit(*one.span(), "\n") for one in _BREAKS.finditer(text)))
    found = _composed(rewrite(found, (Edit(*one.span(), "") for one in _INVISIBLE.finditer(found.text))))
    while (shorter := _composed(rewrite(found, _joiners(found.text)))).text != found.text:
        found = shorter
    return found


def collapsed(found: Undone) -> Undone:
    """Make every run of white space one space, and strip the ends."""
    if "  " not in found.text and found.text.isprintable() and found.text == found.text.strip():
        return found
    last = len(found.text)
    return rewrite(
        found,
        (Edit(*one.span(), " " if one.start() and one.end() < last else "") for one in _SPACE.finditer(found.text)),
    )


def _joiners(text: str) -> Iterator[Edit]:
    return (Edit(*one.span(), "") for one in _JOINERS.finditer(text))


def _composed(found: Undone) -> Undone:
    if unicodedata.is_normalized("NFKC", found.text):
        return found
    clusters = _CLUSTER.finditer(found.text)
    return rewrite(found, (Edit(*one.span(), unicodedata.normalize("NFKC", one[0])) for one in clusters))
