"""Which language a post is written in; nothing that is written makes it raise."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.clean import clean
from pipeline.screen.language import UNKNOWN, Languages
from pipeline.screen.scripts import count_scripts
from pipeline.screen.wordlists import TABLES, WordLists

LANGUAGES = Languages()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Bonjour à tous, la bibliothèque est ouverte demain matin jusqu'à midi", "fr"),
        ("Good morning everyone, the library is open tomorrow until noon", "en"),
        ("مكتبة المدينة مفتوحة صباح الغد حتى الظهر للجميع", "ar"),
        ("کتابخانه شهر فردا صبح تا ظهر برای همه باز است", "fa"),
        ("Библиотека открыта завтра утром до полудня для всех желающих", "ru"),
        ("ከተማው ቤተ መጻሕፍት ነገ ጠዋት ክፍት ነው", "am"),
        ("图书馆明天上午开放到中午，欢迎大家", "zh"),
        ("کتێبخانەی شار سبەینێ بەیانی هەتا نیوەڕۆ بۆ هەموان کراوەیە", "ckb"),
        ("د ښار کتابتون سبا سهار تر غرمې پورې خلاص دی", "ps"),
        ("شہر کی لائبریری کل صبح سے دوپہر تک سب کے لیے کھلی ہے", "ur"),
        ("چي دارين ميگين، وقتي کتابخانه باز است", "fa"),
        ("ቤተ ንባብ ጽባሕ ንግሆ ክሳብ ፍርቂ መዓልቲ ክፉት እዩ", "ti"),
        ("ሓሙስ ናብ ከተማ፣ 3 ቦታ ኣሎ", "ti"),
        ("Бібліотека відкрита завтра вранці для всіх охочих", "uk"),
        ("Библиотеката е отворена утре сутринта за всички", "bg"),
        ("पुस्तकालय कल सुबह से दोपहर तक सबके लिए खुला है", "hi"),
        ("Perpustakaan kota buka besok pagi sampai siang, gratis buat semua", "id"),
        ("Bukas po ang aklatan bukas ng umaga, libre para sa lahat", "tl"),
        ("Maktaba iko wazi kesho asubuhi mpaka saa sita", "sw"),
        ("Maktabadu way furan tahay berri subax ilaa duhur", "so"),
        ("Biblioteka është e hapur nesër në mëngjes për të gjithë", "sq"),
        ("Dakin karatu zai bude gobe da safe har zuwa rana", "ha"),
        ("Library dey open tomorrow morning, make una come early abeg", "pcm"),
        ("kal library khuli hogi, yahan bahut accha hai, sabhi dost aa sakte hain", "hi"),
        ("boi ghor kal shokal theke khola thakbe, apni ashben", "bn"),
        ("lmaktaba ghadi tkoun mftou7a ghedda, ila bghiti dkhol 3andna", "ar"),
        ("図書館は明日の朝から開いています", "ja"),
    ],
)
def test_a_sentence_is_known_by_its_language(text: str, code: str) -> None:
    assert LANGUAGES.identify(clean(text))[0].partition("-")[0] == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mujhe kal ka ticket chahiye tha yaar, bahut jyada paise le liye", "hi-Latn"),
        ("hum ne kal bht khoob dekha hy, ap bhi dekho ye kia hota hy", "ur-Latn"),
        ("tha eimai edo avrio to proi, esy pou eisai re file", "el-Latn"),
    ],
)
def test_a_language_of_another_script_in_latin_letters_says_so(text: str, code: str) -> None:
    assert LANGUAGES.identify(text)[0] == code


def test_a_post_in_two_scripts_has_two_languages_the_main_one_first() -> None:
    assert LANGUAGES.identify("المكتبة مفتوحة غدا صباحا للجميع، see you there tomorrow morning friends") == ("ar", "en")


def test_borrowed_english_words_do_not_make_a_post_english() -> None:
    assert LANGUAGES.identify("Hiring po kami ng barista sa Makati, apply na kayo, walk in lang")[0] == "tl"


def test_english_without_a_word_of_pidgin_stays_english_whatever_the_author_is_like() -> None:
    assert LANGUAGES.identify("No manager, my own flat in Leeds, I am independent")[0] == "en"


def test_an_author_who_writes_pidgin_is_believed_where_a_post_looks_english() -> None:
    text = "Room for rent near the market, pay monthly"
    assert LANGUAGES.identify(text)[0] == "en"
    assert LANGUAGES.identify(text, ("pcm-NG",))[0] == "pcm"


def test_the_default_hint_english_does_not_outvote_the_text() -> None:
    for text in ("ካብ ከተማ ናብ ገጠር ሎሚ", "kitab kal mil jaye gi bhai, tum kab aao gi", "Maktabadu way furan tahay"):
        assert LANGUAGES.identify(text, ("en",)) == LANGUAGES.identify(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ud800", "a\udfff b", "😀", "12 345", "٣٤٥", "https://example.org", "@x_example #", "abc אבג ابج 漢字 ไทย", "\u0301",
     "ـــ", "א" * 5000, "\u202eabc\u202c", "𞤀𞤁𞤂", "x" * 1_000_000, "@" * 1_000_000, "https://" * 100_000],
)  # fmt: skip
def test_odd_texts_have_a_language_or_none(text: str) -> None:
    found = LANGUAGES.identify(text)
    assert 1 <= len(found) <= 2
    assert all(code == UNKNOWN or 2 <= len(code.partition("-")[0]) <= 3 for code in found)


@pytest.mark.parametrize("text", ["", "123 456", "https://example.org/a @someone #topic", "👍👍👍"])
def test_without_letters_a_language_is_unknown_unless_the_author_says(text: str) -> None:
    assert LANGUAGES.identify(text) == (UNKNOWN,)
    assert LANGUAGES.identify(text, ("tl-PH",)) == ("tl",)


def test_a_hint_decides_only_where_the_text_does_not() -> None:
    french = "Bonjour à tous, la bibliothèque est ouverte demain matin jusqu'à midi"
    assert LANGUAGES.identify(french, ("de",))[0] == "fr"
    assert LANGUAGES.identify("ok", ("de-AT",))[0] == "de"


@pytest.mark.parametrize(
    ("hint", "code"), [("iw", "he"), ("fil", "tl"), ("no", "nb"), ("zh-Hant-TW", "zh"), (" pt_BR ", "pt")]
)
def test_hints_are_brought_to_one_spelling(hint: str, code: str) -> None:
    assert LANGUAGES.identify("", (hint,)) == (code,)


@pytest.mark.parametrize("hint", ["", "x", "english", "12", "../..", "\0", "EN" * 1000, "é"])
def test_a_hint_that_is_no_language_is_passed_over(hint: str) -> None:
    assert LANGUAGES.identify("", (hint,)) == (UNKNOWN,)


@given(
    text=st.text(max_size=300),
    hints=st.lists(st.text(max_size=8) | st.sampled_from(["xx", "zxx", "qaa-Latn"]), max_size=3),
)
def test_nothing_written_makes_it_raise(text: str, hints: list[str]) -> None:
    found = LANGUAGES.identify(clean(text), hints)
    assert found
    assert all(found)


def test_a_text_of_megabytes_is_identified_all_the_same() -> None:
    assert LANGUAGES.identify("the library is open tomorrow until noon " * 10_000)[0] == "en"


def test_the_word_lists_hold_single_words_in_lower_case_and_one_script_each() -> None:
    tables = tomllib.loads(TABLES.read_text(encoding="utf-8"))
    for lang, table in tables.items():
        words = table["words"].split()
        assert len(set(words)) == len(words) >= 10
        assert [word for word in words if word != word.casefold() and lang not in {"de", "el"}] == []
        assert len({max(found, key=lambda one: found[one]) for word in words if (found := count_scripts(word))}) == 1


def test_every_language_that_cld2_misses_has_a_table() -> None:
    hard = {
        "ti",
        "am",
        "ckb",
        "fa",
        "ps",
        "ur",
        "so",
        "sq",
        "ha",
        "pcm",
        "tl",
        "ur-Latn",
        "hi-Latn",
        "bn-Latn",
        "ar-Latn",
    }
    assert hard <= WordLists().langs


def test_letters_that_a_language_never_has_speak_against_it() -> None:
    found = WordLists().evidence(["ኣብዚ", "ቦታ"])
    assert "ti" in found.own
    assert "am" in found.foreign
