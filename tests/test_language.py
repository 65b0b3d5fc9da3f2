"""Which language a post is written in; nothing that is written makes it raise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.clean import clean
from pipeline.screen.language import UNKNOWN, Languages

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
    ],
)
def test_a_sentence_is_known_by_its_language(text: str, code: str) -> None:
    assert LANGUAGES.identify(clean(text))[0] == code


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
