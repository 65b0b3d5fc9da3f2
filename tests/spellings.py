"""Two hundred and more spellings of contacts, as people write them to be read by people only.

Numbers are of ranges reserved for fiction, handles end in `_example`, addresses are of example.org. Nobody is reached by any of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

NUMBERS = ("+447700900123", "+12025550147", "+33639981234")
_NATIVE = {
    "arabic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "thai": "๐๑๒๓๔๕๖๗๘๙",
    "burmese": "၀၁၂၃၄၅၆၇၈၉",
    "khmer": "០១២៣៤៥៦៧៨៩",
    "fullwidth": "０１２３４５６７８９",
    "bold": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "double-struck": "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡",
    "monospace": "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
    "superscript": "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "subscript": "₀₁₂₃₄₅₆₇₈₉",
    "circled": "⓪①②③④⑤⑥⑦⑧⑨",
    "dark-circled": "⓿❶❷❸❹❺❻❼❽❾",
}
_BETWEEN = {
    "spaces": " ", "two-spaces": "  ", "dots": ".", "dashes": "-", "slashes": "/", "underscores": "_", "middle-dots": "·",
    "bullets": "•", "stars": "*", "no-break": "\u00a0", "thin": "\u2009", "zero-width": "\u200b", "joiner": "\u2060",
    "soft-hyphen": "\u00ad", "left-to-right": "\u200e", "right-to-left": "\u200f", "byte-order": "\ufeff",
    "tilde": "~", "en-dash": "–", "tatweel": "ـ", "bidi-isolate": "\u2068", "non-joiner": "\u200c",
}  # fmt: skip
_WORDS = {
    "en": "zero one two three four five six seven eight nine",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "ro": "zero unu doi trei patru cinci șase șapte opt nouă",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "ru": "ноль один два три четыре пять шесть семь восемь девять",
    "uk": "нуль один два три чотири п'ять шість сім вісім дев'ять",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "ar": "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة",
    "fa": "صفر یک دو سه چهار پنج شش هفت هشت نه",
    "hi": "शून्य एक दो तीन चार पांच छह सात आठ नौ",
    "vi": "không một hai ba bốn năm sáu bảy tám chín",
    "id": "nol satu dua tiga empat lima enam tujuh delapan sembilan",
    "sw": "sifuri moja mbili tatu nne tano sita saba nane tisa",
}
_SERVICES = (
    "telegram: {}", "Telegram {}", "tg: {}", "TG👉{}", "whatsapp: {}", "insta: {}", "instagram {}", "IG: {}", "snap: {}",
    "snapchat: {}", "viber: {}", "signal: {}", "skype: {}", "imo: {}", "botim: {}", "tiktok: {}", "телеграм: {}",
    "телега {}", "тг: {}", "ватсап: {}", "تلگرام: {}", "تيليجرام: {}", "واتساب: {}", "واتس اب {}", "انستقرام: {}", "टेलीग्राम: {}",
    "व्हाट्सएप: {}", "টেলিগ্রাম: {}", "เทเลแกรม: {}", "ไลน์: {}", "微信: {}", "电报: {}", "ቴሌግራም: {}", "wechat id {}", "line id: {}",
)  # fmt: skip
_LINKS = (
    "t.me/{}", "https://t.me/{}", "http://www.t.me/{}", "telegram.me/{}", "telegram.dog/{}", "https://t.me/s/{}",
    "instagram.com/{}", "https://www.instagram.com/{}/", "snapchat.com/add/{}", "https://www.tiktok.com/@{}", "T.ME/{}",
    "https://t.me/{}?start=a", "tg://resolve?domain={}", "t . me / {}", "t(.)me/{}", "t[dot]me/{}", "t。me/{}",
)  # fmt: skip
_CALLS = (
    "wa.me/{}", "https://wa.me/{}", "https://wa.me/{}?text=hi", "https://api.whatsapp.com/send?phone={}", "tel:+{}",
    "sms:+{}", "whatsapp://send?phone={}", "https://t.me/+{}", "viber://chat?number=%2B{}", "wa.me/+{}", "w a . m e / {}",
    "wa(.)me/{}", "web.whatsapp.com/send?phone={}",
)  # fmt: skip
_MAILS = (
    "{0}@{1}", "mailto:{0}@{1}", "{0}+trip@{1}", "{0} @ {1}", "{0}(at){1}", "{0} [at] {1}", "{0} (at) {2} (dot) org",
    "{0}[at]{2}[dot]org", "{0}{{at}}{1}", "{0}＠{1}", "{0} arobase {2} point org", "{0}(arobase){2}(point)org",
    "{0}(chiocciola){1}", "{0} chiocciola {2} punto org", "{0}(arroba){2}(punto)org", "{0} arroba {1}", "{0} AT {2} DOT org",
    "{0} at {2} dot org", "{0}(собака){2}(точка)org", "{0} собака {1}", "{0}@\u200b{1}", "{0}\u200b@{2}.\u200borg", "{0}@{2} .org",
    "{0}@{2}．org", "<{0}@{1}>", "E-mail:{0}@{1}",
)  # fmt: skip
_CYRILLIC = str.maketrans("aeocpx", "аеосрх")
_LEET = str.maketrans("aeio", "4310")


@dataclass(frozen=True, slots=True)
class Spelling:
    """A contact in one spelling; `text` is what is planted, `lang` its language, `core` the part of it that names somebody."""

    name: str
    text: str
    lang: str = "en"
    core: str = ""

    @property
    def traces(self) -> tuple[str, ...]:
        """What may be found nowhere: the whole, and either half of what names somebody, so that what is masked in part shows."""
        core = self.core or self.text
        middle = len(core) // 2
        return self.text, core, core[:middle], core[middle:]


def spellings() -> list[Spelling]:
    """All of them, each of its own name and text."""
    return [*_numbers(), *_spoken(), *_handles(), *_addresses()]


def _numbers() -> Iterator[Spelling]:
    for at, number in enumerate(NUMBERS):
        digits = number[1:]
        yield Spelling(f"number plain {at}", number)
        yield Spelling(f"number 00 {at}", f"00{digits}")
        yield Spelling(f"number bare {at}", digits)
        yield Spelling(f"number brackets {at}", f"+({digits[:2]}) {digits[2:6]} {digits[6:]}")
        yield Spelling(f"number letters {at}", number.replace("0", "O"))
    digits = NUMBERS[0][1:]
    for name, native in _NATIVE.items():
        written = "".join(native[int(one)] for one in digits)
        yield Spelling(f"number {name}", written)
        yield Spelling(f"number {name} spaced", " ".join(written))
    for name, between in _BETWEEN.items():
        yield Spelling(f"number {name}", between.join(digits))
        yield Spelling(f"number pairs {name}", "+" + between.join(digits[i : i + 2] for i in range(0, 12, 2)))
    yield Spelling("number keycaps", "".join(f"{one}\ufe0f\u20e3" for one in digits))
    yield Spelling("number keycaps spaced", " ".join(f"{one}\ufe0f\u20e3" for one in digits))
    yield Spelling("number between emoji", "📞" + "🔥".join(digits[i : i + 3] for i in range(0, 12, 3)))
    yield Spelling("number over lines", f"+{digits[:4]}\n{digits[4:8]}\n{digits[8:]}")
    for call in _CALLS:
        yield Spelling(f"number link {call}", call.format(digits), core=digits)


def _spoken() -> Iterator[Spelling]:
    for lang, some in _WORDS.items():
        words = some.split()
        yield Spelling(f"number words {lang}", " ".join(words[int(one)] for one in NUMBERS[0][1:]), lang)
    words = _WORDS["en"].split()
    yield Spelling("number words dashed", "-".join(words[int(one)] for one in NUMBERS[0][1:]))
    mixed = (words[int(one)] if at % 2 else one for at, one in enumerate(NUMBERS[0][1:]))
    yield Spelling("number words and digits", " ".join(mixed))
    yield Spelling("number words plus", "plus " + " ".join(words[int(one)] for one in NUMBERS[0][1:]))


def _handles() -> Iterator[Spelling]:
    name = "passeur_example"
    for at, service in enumerate(_SERVICES):
        yield Spelling(f"handle {service}", service.format(f"boss{at}_example"))
    for at, link in enumerate(_LINKS):
        yield Spelling(f"handle link {link}", link.format(f"chief{at}_example"))
    yield Spelling("handle at", f"@{name}")
    yield Spelling("handle fullwidth at", f"＠{name}")
    yield Spelling("handle upper", f"@{name.upper()}")
    yield Spelling("handle bare", name)
    yield Spelling("handle Cyrillic letters", f"@{name.translate(_CYRILLIC)}")
    yield Spelling("handle leet", f"@{name.translate(_LEET)}")
    yield Spelling("handle fullwidth letters", "@" + "".join(chr(ord(one) + 0xFEE0) for one in name))
    yield Spelling(
        "handle bold letters", "@" + "".join(chr(0x1D41A + ord(one) - 97) if one != "_" else one for one in name)
    )
    yield Spelling("handle spaced", "@ " + " ".join(name))
    yield Spelling("handle dotted", "@" + ".".join(name))
    for between in ("zero-width", "joiner", "soft-hyphen", "left-to-right", "byte-order", "non-joiner", "bidi-isolate"):
        yield Spelling(f"handle {between}", "@" + _BETWEEN[between].join(name))


def _addresses() -> Iterator[Spelling]:
    for at, mail in enumerate(_MAILS):
        for local, core in ((f"annatrips{at}_example", f"annatrips{at}"), (f"bureauvera{at}", f"bureauvera{at}")):
            yield Spelling(f"mail {mail!a} {core}", mail.format(local, "example.org", "example"), core=core)
    yield Spelling("mail upper", "ANNA_EXAMPLE@EXAMPLE.ORG")
    yield Spelling("mail fullwidth", "".join(chr(ord(one) + 0xFEE0) for one in "anna_example@example.org"))
    yield Spelling("mail Cyrillic letters", f"{'anna_example'.translate(_CYRILLIC)}@example.org")
    yield Spelling("mail spaced", " ".join("anna@example.org"))
    yield Spelling("link", "https://example.org/anna_example")
    yield Spelling("link bare", "example.org/anna_example")
    yield Spelling("link short", "anna-trips.example")
    yield Spelling("link dotted in words", "example(dot)org/annatrips_example", core="annatrips")
    yield Spelling("link hxxp", "hxxps://example[.]org/anna_example")
