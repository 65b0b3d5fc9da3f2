"""Masking: contact data goes, the same contact is the same token, and what is no contact stays."""

import re
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.screen.masking import mask
from pipeline.screen.pseudonyms import Pseudonyms

NAMES = Pseudonyms(b"k" * 32, "k1")
TOKEN = re.compile(r"\[(phone|number|email|link|handle):[a-p]{20}\]")


def masked(text: str, *langs: str) -> str:
    return mask(text, langs or ("en",), NAMES).text


def shape(text: str, *langs: str) -> str:
    return TOKEN.sub(r"<\1>", masked(text, *langs))


SAME_NUMBER = [
    "+33 6 12 34 56 78",
    "+33612345678",
    "0033 6 12 34 56 78",
    "06 12 34 56 78",
    "06.12.34.56.78",
    "06-12-34-56-78",
    "06/12/34/56/78",
    "0612345678",
    "O6 12 34 56 78",
    "0 6 1 2 3 4 5 6 7 8",
    "(06) 12 34 56 78",
    "06 12 34 56 78",
    "06\u200b12\u200b34\u200b56\u200b78",
    "٠٦١٢٣٤٥٦٧٨",
    "۰۶ ۱۲ ۳۴ ۵۶ ۷۸",
    "०६१२३४५६७८",
    "০৬১২৩৪৫৬৭৮",
    "๐๖๑๒๓๔๕๖๗๘",
    "０６１２３４５６７８",
    "0️⃣6️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣",
    "⓪⑥①②③④⑤⑥⑦⑧",
    "𝟎𝟔𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
    "wa.me/33612345678",
    "https://api.whatsapp.com/send?phone=33612345678",
    "whatsapp://send?phone=+33612345678",
    "viber://chat?number=%2B33612345678",
    "tel:+33612345678",
]


@pytest.mark.parametrize("spelling", SAME_NUMBER)
def test_a_number_in_any_spelling_is_one_token(spelling: str) -> None:
    found = mask(f"appelle {spelling} !", ("fr",), NAMES)
    assert found.contacts == (f"phone:{NAMES.token('phone', '+33612345678')}",)
    assert found.kinds == ("phone",)
    assert not re.search(r"\d", found.text)


@pytest.mark.parametrize(
    ("number", "lang", "value"),
    [
        ("+1 202 555 0143", "en", "+12025550143"),
        ("(202) 555-0143", "en", "+12025550143"),
        ("+44 7700 900123", "en", "+447700900123"),
        ("07700 900123", "en", "+447700900123"),
        ("000 000 00 00", "und", "0000000000"),
        ("0555 123 45 67", "tr", "+905551234567"),
        ("8 912 345-67-89", "ru", "+79123456789"),
    ],
)
def test_a_number_is_read_for_the_countries_of_its_language(number: str, lang: str, value: str) -> None:
    assert mask(number, (lang,), NAMES).contacts == (f"phone:{NAMES.token('phone', value)}",)


def test_numbers_side_by_side_are_two() -> None:
    assert shape("0612345678 0698765432 / +33 6 11 22 33 44", "fr") == "<phone> <phone> / <phone>"


def test_a_number_beside_a_date_or_a_price_is_found_alone() -> None:
    assert shape("le 24.11.2026 06 12 34 56 78", "fr") == "le 24.11.2026 <phone>"
    assert shape("0612345678 500 euro", "fr") == "<phone> 500 euro"


def test_digits_too_many_for_a_telephone_are_a_number_all_the_same() -> None:
    assert shape("12345678123456781234") == "<number>"


HANDLES = [
    "@name_example",
    "＠name_example",
    "@Name_Example",
    "t.me/name_example",
    "https://t.me/s/name_example?before=3",
    "telegram: name_example",
    "Telegram - name_example",
    "insta name_example",
    "snapchat 👉 name_example",
    "viber id name_example",
    "телеграм: name_example",
    "https://www.instagram.com/name_example/",
    "IMO=name_example",
    "whatsapp => name_example",
    "@name_\u200bexample",
]


@pytest.mark.parametrize("spelling", HANDLES)
def test_a_handle_is_one_token_wherever_it_is_from(spelling: str) -> None:
    found = mask(f"write {spelling} now", ("en",), NAMES)
    assert found.contacts == (f"handle:{NAMES.token('handle', 'name_example')}",)
    assert "ame_" not in found.text.lower()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail a.b+c@example.org.", "mail <email>."),
        ("mail A.B+C (at) example (dot) org", "mail <email>"),
        ("see https://example.org/a?b=1).", "see <link>)."),
        ("see www.example.org/x and bit.ly/abc", "see <link> and <link>"),
        ("go to example.com now", "go to <link> now"),
        ("t.me/+AbCdEfGh", "<link>"),
        ("@user@social.example", "<handle>"),
        ("did:plc:abc234xyz said", "<handle> said"),
        ("telegram: a.b@example.org", "telegram: <email>"),
        ("whatsapp:+447700900123", "whatsapp:<phone>"),
        ("#vip0612345678", "#vip<number>"),
    ],
)
def test_each_sort_of_contact_is_replaced_and_the_rest_kept(text: str, expected: str) -> None:
    assert shape(text, "en") == expected.replace("<number>", "<phone>")


def test_an_address_in_any_spelling_is_one_token() -> None:
    found = mask(
        "A.B@Example.org a\u200b.b@example.org a.b (at) example (dot) org mailto:a.b@example.org?subject=x",
        ("en",),
        NAMES,
    )
    assert len(found.contacts) == 1


@pytest.mark.parametrize(
    "text",
    [
        "500 euro, 1200€, 4 500 $, in 2026 at 14:30 or 14h30",
        "1.500.000 rupiah, 15 000 000 đ, 1,200,000 toman, 25000000 vnd",
        "24.11.2026, 2026-11-24, 24/11/2026, 2025-2026, 10.11-15.11.2026, 14.30-18.00",
        "2 places, 3 heures, 100 %, 18-35 ans, 7/7 24/24",
        "telegram group, signal we got, whatsapp me, insta please, line up, e.g. this and/or that...",
        "10,5 kg; 3.14159; a@ b; @ 12; #work #2026",
    ],
)
def test_prices_dates_and_words_survive(text: str) -> None:
    assert masked(text) == text


def test_a_number_is_not_taken_for_a_price_because_a_word_ends_like_a_currency() -> None:
    assert shape("numbers 45612300 call 45612300 rsvp", "en") == "numbers <phone> call <phone> rsvp"


def test_the_author_and_the_mentioned_are_masked_wherever_they_stand() -> None:
    found = mask(
        "it's me, Anna.Example! anna.example and Bob B. (not annabel)", (), NAMES, ["anna.example", "Bob B", "an"]
    )
    assert TOKEN.sub("<>", found.text) == "it's me, <>! <> and <>. (not annabel)"
    assert len(found.contacts) == 2


def test_a_name_that_ends_in_a_number_leaves_no_part_behind() -> None:
    assert TOKEN.sub("<>", mask("by anna_0612345678", ("fr",), NAMES, ["anna_0612345678"]).text) == "by <>"


def test_without_contacts_a_text_stays_as_it_is() -> None:
    found = mask("Bonjour à tous 😀", ("fr",), NAMES)
    assert (found.text, found.contacts, found.kinds) == ("Bonjour à tous 😀", (), ())


PIECES = [
    "0612345678", "06 12 34 56 78 ", "1 ", "1-", "1\u200b", "①", "1\ufe0f\u20e3", "o0", "+1 ", "12.12.2026 ", "@", "a@", "a.a@",
    "a.", "a-", "telegram ", "telegram:", "wa ", "id ", "(at)", "a (at) ", "https://", "did:", "t.me/a ", "fb:fb", "[a-", "\n",
    "€", " ", "é", "٠١٢", "a+b-c.", "mailto:", "wa.me/1", "a" * 64, "[phone:abcdefghijklmnop]",
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.lists(st.text("ab.", min_size=3), max_size=64))
def test_hostile_text_of_20000_characters_is_masked_without_backtracking(pieces: list[str], names: list[str]) -> None:
    text = ("".join(pieces) * 20_000)[:20_000]
    started = process_time()
    mask(text, ("fr", "ar"), NAMES, names)
    assert process_time() - started < 3.0  # CPU seconds: other work does not slow them


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=12).map("".join))
def test_masking_what_is_masked_changes_nothing(text: str) -> None:
    once = mask(text, ("fr",), NAMES)
    assert mask(once.text, ("fr",), NAMES).text == once.text
    assert set(once.kinds) <= {"phone", "number", "email", "link", "handle"}


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=20),
    st.integers(600000000, 799999999),
    st.sampled_from([" ", ".", "-", "", " - "]),
    st.text(max_size=20),
)
def test_no_french_mobile_survives_between_any_two_texts(before: str, number: int, by: str, after: str) -> None:
    digits = f"0{number}"
    spelled = by.join(digits[i : i + 2] for i in range(0, 10, 2))
    assert spelled not in masked(before + spelled + after, "fr")


@pytest.mark.parametrize(
    "text", ["ana at home, point de vue du chef", "we met at noon. com is later", "at work et punct"]
)
def test_words_between_words_are_no_address(text: str) -> None:
    assert mask(text, ["en"], NAMES).contacts == ()
