"""What a person reads: evasion is undone, and nothing that a script needs is lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.screen.clean import clean

ODD = st.text(
    st.sampled_from(
        "ab \n\r\tعहЖｆﬁ´¨中👩❤é"
        "\u00ad\u034f\u200b\u200c\u200d\u200e\u202a\u2028\u0301\u0327\u064b\u0651\u093c\ufe00\ufe0f\u115f\u3164\uffa0\u0085\x1c\ufdfa\U0001f3fd"
    )
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("  visa \t ready\r\n\r\ntonight ", "visa ready tonight"),
        ("one\rtwo\x0bthree\x0cfour\u2028five\u00a0six\u3000seven", "one two three four five six seven"),
        ("v\u200bi\u00ads\ufeffa", "visa"),
        ("v\u200di\u200cs\u200da", "visa"),
        ("в\u200dи\u200cз\u200dа", "виза"),
        ("签\u200d证", "签证"),
        ("ｖ\u200dｉｓａ", "visa"),
        ("ｖｉｓａ ② 𝐰𝐨𝐫𝐤", "visa 2 work"),
        ("a\0b\x07c", "abc"),
        ("\u202evisa\u202c", "visa"),
        ("v\U000e0069isa", "visa"),
        ("cafe\u0301", "café"),
        ("ascii  two spaces", "ascii two spaces"),
    ],
)
def test_evasion_is_undone(written: str, read: str) -> None:
    assert clean(written) == read


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "क्\u200dष", "ක්\u200dර", "👩\u200d💻", "❤\ufe0f\u200d🔥", "🧑🏽\u200d🚀"]
)
def test_joiners_stay_where_a_script_writes_with_them(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFKC", text)


@given(ODD | st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ODD | st.text())
def test_a_cleaned_text_is_one_line_in_compatibility_form(text: str) -> None:
    cleaned = clean(text)
    assert cleaned.split() == cleaned.split(" ") or not cleaned
    assert unicodedata.is_normalized("NFKC", cleaned)


def test_a_text_of_nothing_visible_is_empty() -> None:
    assert clean("\u200b\u2060 \u00ad") == ""
