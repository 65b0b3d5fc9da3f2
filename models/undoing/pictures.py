"""Emoji that stand for a word: `we have a 🚤 for tonight`.

Only one that stands between two words is read: at the ends of a clause it is decoration. What it says is written in the script of
most of the text, in English where that is Latin: the classifier reads many languages at once.
"""

import re
from collections import Counter
from collections.abc import Iterator

from models.undoing.aligned import Edit, Undone, rewrite
from models.undoing.characters import SIGNS, script

_PICTURES = {
    "boat": "🚤⛵🛶🛥🚢⛴", "plane": "✈🛫🛬🛩", "car": "🚗🚙🚘🚕", "truck": "🚚🚛", "bus": "🚌🚐", "train": "🚆🚂",
    "money": "💰💵💶💷💸", "phone": "📱", "passport": "🛂", "house": "🏠🏡", "sea": "🌊",
}  # fmt: skip
_WORDS = {
    "LATIN": dict(zip(_PICTURES, _PICTURES, strict=True)),
    **{
        name: dict(zip(_PICTURES, words.split(), strict=True))
        for name, words in {
            "CYRILLIC": "лодка самолет машина грузовик автобус поезд деньги телефон паспорт дом море",
            "GREEK": "βάρκα αεροπλάνο αυτοκίνητο φορτηγό λεωφορείο τρένο λεφτά τηλέφωνο διαβατήριο σπίτι θάλασσα",
            "ARABIC": "قارب طائرة سيارة شاحنة حافلة قطار المال هاتف جواز بيت بحر",
            "DEVANAGARI": "नाव विमान गाड़ी ट्रक बस ट्रेन पैसा फोन पासपोर्ट घर समुद्र",
            "BENGALI": "নৌকা বিমান গাড়ি ট্রাক বাস ট্রেন টাকা ফোন পাসপোর্ট বাড়ি সমুদ্র",
            "CJK": "船 飞机 车 卡车 巴士 火车 钱 手机 护照 房子 海",
            "ETHIOPIC": "ጀልባ አውሮፕላን መኪና ካሚዮን አውቶቡስ ባቡር ገንዘብ ስልክ ፓስፖርት ቤት ባሕር",
            "THAI": "เรือ เครื่องบิน รถ รถบรรทุก รถบัส รถไฟ เงิน โทรศัพท์ พาสปอร์ต บ้าน ทะเล",
        }.items()
    },
}
_MEANING = {picture: meaning for meaning, pictures in _PICTURES.items() for picture in pictures}
_PICTURE = re.compile(f"(?<=[\\w,{SIGNS}]) ?([{''.join(_MEANING)}])\ufe0f? ?(?=[^\\W\\d_])")


def words_for_pictures(found: Undone) -> Undone:
    """Write the word for an emoji that stands between two words; in a script without words here it stays."""
    if found.text.isascii() or not _PICTURE.search(found.text):
        return found
    letters = Counter(name for one in found.text[:1000] if (name := script(one)))
    words = _WORDS.get(letters.most_common(1)[0][0]) if letters else None
    return rewrite(found, _edits(found.text, words)) if words else found


def _edits(text: str, words: dict[str, str]) -> Iterator[Edit]:
    for one in _PICTURE.finditer(text):
        before, after = " " * (text[one.start()] != " "), " " * (text[one.end() - 1] != " ")
        first, last = one.start() + (not before), one.end() - (not after)
        yield Edit(first, last, before + words[_MEANING[one[1]]] + after)
