"""How people write around filters: eight ways to rewrite a text so that a reader still reads it.

Each is a function of the text alone, and changes at least something wherever it can.
"""

import re
from collections.abc import Callable

_HOMOGLYPHS = str.maketrans({
    "a": "а", "c": "с", "e": "е", "i": "і", "j": "ј", "o": "о", "p": "р", "s": "ѕ", "x": "х", "y": "у",
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "і": "i",
    "ه": "ہ", "ي": "ی", "ك": "ک", "ی": "ي", "ک": "ك",
})  # fmt: skip
_LEET = str.maketrans(
    {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7", "а": "4", "е": "3", "о": "0", "з": "3"}
)
_DIGITS = {
    "ar": "٠١٢٣٤٥٦٧٨٩", "fa": "۰۱۲۳۴۵۶۷۸۹", "ur": "۰۱۲۳۴۵۶۷۸۹", "hi": "०१२३४५६७८९", "bn": "০১২৩৪৫৬৭৮৯", "th": "๐๑๒๓๔๕๖๗๘๙",
}  # fmt: skip
_FULLWIDTH = "０１２３４５６７８９"
_EMOJI = {
    r"\b(boat|bateau|barco|barcă|barca|лодка|лодки|bot|łódź|thuyền|mashua)\b": "🚤",
    r"\b(plane|avion|avión|avião|uçak|самолет|samolot|ndege)\b": "✈️",
    r"\b(money|argent|dinero|dinheiro|bani|para|деньги|pieniądze|tiền|pesa)\b": "💰",
    r"\b(car|voiture|coche|carro|mașină|araba|машина|auto|xe|gari)\b": "🚗",
    r"\b(phone|whatsapp|telegram|téléphone|teléfono|telefone|telefon|телефон|simu)\b": "📱",
    r"(قارب|القارب|مركب)": "🚤", r"(قایق)": "🚤", r"(नाव)": "🚤", r"(জাহাজ|নৌকা)": "🚤", r"(船)": "🚤",
    r"(پول|پیسے|पैसा|पैसे|টাকা|钱|錢|فلوس|ብር)": "💰",
}  # fmt: skip

Rewrite = Callable[[str, str], str]


def spaced_letters(text: str, lang: str) -> str:
    """Space the letters of each third word of four or more."""
    words = text.split(" ")
    long = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    for place in long[:: 3 if len(long) > 3 else 1]:
        words[place] = " ".join(words[place])
    return " ".join(words)


def homoglyphs(text: str, lang: str) -> str:
    """Swap each second letter that has a look-alike in another script or block."""
    found, turn = [], 0
    for letter in text:
        other = letter.translate(_HOMOGLYPHS)
        turn += other != letter
        found.append(other if other != letter and turn % 2 else letter)
    return "".join(found)


def zero_width(text: str, lang: str) -> str:
    """Put a zero-width space inside each longer word."""
    return re.sub(r"(\w{2})(\w{2,})", "\\1\u200b\\2", text)


def leetspeak(text: str, lang: str) -> str:
    """Write letters as the digits that look like them in every other word."""
    words = text.split(" ")
    return " ".join(word.translate(_LEET) if place % 2 else word for place, word in enumerate(words))


def native_digits(text: str, lang: str) -> str:
    """Write digits as the language's script has them, or in full width."""
    return text.translate({ord(str(value)): digit for value, digit in enumerate(_DIGITS.get(lang, _FULLWIDTH))})


def emoji_for_words(text: str, lang: str) -> str:
    """Put an emoji where a word says the same."""
    for pattern, emoji in _EMOJI.items():
        text = re.sub(pattern, emoji, text, flags=re.IGNORECASE)
    return text


def dotted_numbers(text: str, lang: str) -> str:
    """Put dots between the digits of every number."""
    return re.sub(r"\d{2,}", lambda number: ".".join(number[0]), text)


def mixed_scripts(text: str, lang: str) -> str:
    """Swap the look-alike letters of every third word, all of them."""
    words = text.split(" ")
    return " ".join(word.translate(_HOMOGLYPHS) if place % 3 == 0 else word for place, word in enumerate(words))


OPERATORS: dict[str, Rewrite] = {
    one.__name__: one
    for one in (
        spaced_letters, homoglyphs, zero_width, leetspeak, native_digits, emoji_for_words, dotted_numbers, mixed_scripts,
    )
}  # fmt: skip
