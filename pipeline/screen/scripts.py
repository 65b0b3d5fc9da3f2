"""In which scripts a text is written, counted by Unicode's blocks of 128 characters."""

from collections import Counter

LATIN, ARABIC, CYRILLIC, ETHIOPIC, DEVANAGARI, HAN, KANA = "Latn", "Arab", "Cyrl", "Ethi", "Deva", "Hani", "Kana"
LANGUAGE_OF = {
    "Grek": "el", "Hebr": "he", "Armn": "hy", "Geor": "ka", "Beng": "bn", "Guru": "pa", "Gujr": "gu", "Orya": "or",
    "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Thai": "th", "Laoo": "lo", "Tibt": "bo",
    "Mymr": "my", "Khmr": "km", "Hang": "ko",
}  # fmt: skip
"""The language of each script that serves one alone, as far as posts show."""

_RANGES = (
    ("Latn", 0x0000, 0x024F), ("Latn", 0x1E00, 0x1EFF), ("Grek", 0x0370, 0x03FF), ("Grek", 0x1F00, 0x1FFF),
    ("Cyrl", 0x0400, 0x052F), ("Hebr", 0x0590, 0x05FF), ("Arab", 0x0600, 0x06FF), ("Arab", 0x0750, 0x077F),
    ("Arab", 0x0880, 0x08FF), ("Deva", 0x0900, 0x097F), ("Beng", 0x0980, 0x09FF), ("Guru", 0x0A00, 0x0A7F),
    ("Gujr", 0x0A80, 0x0AFF), ("Orya", 0x0B00, 0x0B7F), ("Taml", 0x0B80, 0x0BFF), ("Telu", 0x0C00, 0x0C7F),
    ("Knda", 0x0C80, 0x0CFF), ("Mlym", 0x0D00, 0x0D7F), ("Sinh", 0x0D80, 0x0DFF), ("Thai", 0x0E00, 0x0E7F),
    ("Laoo", 0x0E80, 0x0EFF), ("Tibt", 0x0F00, 0x0FFF), ("Mymr", 0x1000, 0x107F), ("Geor", 0x1080, 0x10FF),
    ("Hang", 0x1100, 0x11FF), ("Ethi", 0x1200, 0x13FF), ("Khmr", 0x1780, 0x17FF), ("Ethi", 0x2D80, 0x2DFF),
    ("Kana", 0x3000, 0x30FF), ("Hani", 0x3400, 0x9FFF), ("Ethi", 0xAB00, 0xAB2F), ("Hang", 0xAC00, 0xD7AF),
    ("Hani", 0x20000, 0x323AF),
)  # fmt: skip
_BLOCKS = {block: script for script, first, last in _RANGES for block in range(first >> 7, (last >> 7) + 1)}
_LETTERS_A_SIGN = {"Hani": 3, "Kana": 2, "Hang": 2, "Ethi": 2}


def count_scripts(letters: str) -> Counter[str]:
    """Count the letters of each script (ISO 15924), a sign that stands for a syllable or word as the letters it replaces."""
    if letters.isascii():
        return Counter({LATIN: len(letters) - letters.count(" ")})
    found: Counter[str] = Counter()
    for sign, count in Counter(letters).items():
        script = _BLOCKS.get(ord(sign) >> 7)
        if script and sign.isalpha():
            found[script] += count * _LETTERS_A_SIGN.get(script, 1)
    return found
