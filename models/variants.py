"""Lesser forms of an offer, so that training does not lean on emoji, on digits or on length."""

import re
import unicodedata

_SHORT = 80
_DIGITS = re.compile(r"[\W_]*\d[\d\W_]*")


def variants(text: str) -> list[str]:
    """Give the text without emoji, without numbers, its first 80 characters and its longer half, where they differ."""
    forms = [_without_symbols(text), _squeeze(_DIGITS.sub(" ", text)), _beginning(text), _longer_half(text)]
    kept = [form for form in forms if len(form) > 12 and form != text]
    return list(dict.fromkeys(kept))


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _without_symbols(text: str) -> str:
    return _squeeze("".join(" " if unicodedata.category(point) in {"So", "Sk", "Cs"} else point for point in text))


def _beginning(text: str) -> str:
    """Cut to 80 characters at a space, where there is one."""
    if len(text) <= _SHORT:
        return text
    cut = text[:_SHORT]
    return cut.rsplit(" ", 1)[0] if " " in cut[_SHORT // 2 :] else cut


def _longer_half(text: str) -> str:
    """Give the longer side of the text parted at the sentence end or comma nearest its middle."""
    places = [found.end() for found in re.finditer(r"[.!?,;:\n。،؟।፡።]+", text)]
    places = [place for place in places if len(text) // 4 < place < len(text) * 3 // 4]
    if len(text) < 60 or not places:
        return text
    middle = min(places, key=lambda place: abs(place - len(text) / 2))
    return max(text[:middle], text[middle:], key=len).strip()
