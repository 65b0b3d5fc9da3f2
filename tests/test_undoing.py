"""Evasion is undone, plain text stays as it is, and every character knows where in the original it stood."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.undoing import Undone, clean, undo
from models.undoing.aligned import Edit, rewrite, untouched
from models.undoing.cleaning import collapsed, seen
from pipeline.screen.clean import clean as read_as_screened
from tests.functional.evasion import OPERATORS

HOSTILE = st.text(
    st.sampled_from(
        "abeioxyz ABOX  \n\t0134579.-*_·|/()@$€!#аеорхнтвΑοκअी्नيیكکهہ工١۲३①②🇼🇴🇩🇪🅰🆆🔥ᴡɢ\ufe0f\u20e3"
        "\u0301\u0336\u0327\u200b\u200c\u200d\u200e\u1100\u1161ﬁﷺ"
    ),
    max_size=60,
)
TEXTS = HOSTILE | st.text(max_size=60)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("pаsspоrt rеady", "passport ready"),  # Cyrillic а, о, е
        ("ρassρort νisa ready", "passport visa ready"),
        ("paбoтa в Eвpoпe", "работа в Европе"),  # Latin a, o, p, e, E
        ("nеw jоbs for you, саре and а boat", "new jobs for you, cape and a boat"),
        ("τo σπίτι μας", "το σπίτι μας"),  # Latin o
        ("ꓪꓳꓣꓗ abroad", "WORK abroad"),
        ("w0rk in €urope, 4pply n0w", "work in europe, apply now"),
        ("v1sa and pa$$port, m0n3y n0w, ca11 us", "visa and passport, money now, call us"),
        ("р4бота, д0кументы, ви3а, п0чему", "работа, документы, виза, почему"),
        ("w o r k in Dubai", "work in Dubai"),
        ("w.o.r.k or v-i-s-a or b*o*a*t", "work or visa or boat"),
        ("W O R K   I N   D U B A I", "WORK IN DUBAI"),
        ("W o r k A b r o a d", "Work Abroad"),
        ("w🔥o🔥r🔥k", "work"),
        ("و ظ ي ف ة الآن", "وظيفة الآن"),
        ("न ौ क र ी", "नौकरी"),
        ("р а б о т а", "работа"),
        ("工 作 签 证", "工作签证"),
        ("ሥ ራ አ ለ", "ሥራአለ"),
        ("ＷＯＲＫ 𝐰𝐨𝐫𝐤 🆆🅾🆁🅺 🄹🄾🄱 ⒲⒪⒭⒦ ᴡᴏʀᴋ", "WORK work work JOB work work"),
        ("🇼🇴🇷🇰 in 🇩🇪", "work in 🇩🇪"),
        ("🅱oat", "boat"),
        ("١٢٣٤ ۱۲۳۴ १२३४ ๑๒๓๔ ①② 4️⃣5️⃣", "1234 1234 1234 1234 12 45"),
        ("1.0.0.0 €, 5.0.0 €", "1000 €, 500 €"),
        ("call 2 0 2 5 5 5 0 1 2 3", "call 2025550123"),
        ("w̶o̶r̶k̶ j̷̢͝ơ̴͔b̷̡̛", "work job"),
        ("freeeee visaaaaa", "free visaa"),
        ("v\u200bi\u00adsa  ready\n\nnow", "visa ready now"),
    ],
)
def test_evasion_is_undone(written: str, read: str | None) -> None:
    assert undo(written).text == (read or undo(written.translate(str.maketrans("كي", "کی"))).text)


@pytest.mark.parametrize(
    "text",
    [
        "covid19 4x4 2go mp3 h1b 1st 10k 3h30 b2b iphone4s gr8 2day B737 H1N1 CB150R S04 i18n p2p",
        "US$50 C$20 $100 100€ €50k $AAPL 4500e 30ml 18h45 10тыс 2х3 5ти 3D 3д",
        "ya3ni 7abibi 3ala ma3lesh ba7r",
        "adi3 ay3 k3se nkyer3 hw3",
        "tod@s amig@s, write to name@example.org or @name_example",
        "https://example.org/a1b2c3/w-o-r-k?x=v1sa see t.me/j0b_example",
        "J.R.R. Tolkien, U.S.A., a.k.a., e.g., т.е., и т.д., m/w/d",
        "a b c d, 1 2 3 4, 5 4 3 2 1, 8.8.8.8, v2.0.1, 3.1.4",
        "IT-компания VIPка iPhoneом YouTube'е USB в Москве",
        "СССР и NATO, the Cyrillic words работа and сон",
        "Διαβάζω στο YouTube με WiFi",
        "है कि मैं तो से ही ऐ सी",
        "ﷲ".translate({0xFDF2: "الله"}) + " يمكن که می‌خواهم",
        "café naïve Tiếng Việt ọ́fẹ́ ñandú žluťoučký kůň",
        "www.example.org III XXL AAA 哈哈哈哈 ㅋㅋㅋㅋ",
        "🇩🇪🇫🇷 👩\u200d💻 ❤\ufe0f 🅰️ ✈️ 12.05.2024 10:30",
        r"\ud83d\ude0d \n\t\t %d %b %Y",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert undo(text).text == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize("name", ["zero_width", "homoglyphs", "mixed_scripts", "spaced_letters"])
def test_what_an_operator_did_is_undone_whole(name: str) -> None:
    text = "boat tonight from the beach, write now for the price and the place"
    assert undo(OPERATORS[name](text, "en")).text == text


def test_digits_for_letters_come_back_where_letters_are_left() -> None:
    text = "good passport ready, work in hotel for women, send documents today"
    undone = undo(OPERATORS["leetspeak"](text, "en")).text.split()
    wrong = [(one, other) for one, other in zip(undone, text.split(), strict=True) if one != other]
    assert wrong == []


@given(TEXTS)
def test_every_character_came_from_somewhere_in_order(text: str) -> None:
    found = undo(text)
    assert len(found.text) == len(found.starts) == len(found.ends)
    assert list(found.starts) == sorted(found.starts)
    assert list(found.ends) == sorted(found.ends)
    assert all(0 <= start < end <= len(text) for start, end in zip(found.starts, found.ends, strict=True))


@given(TEXTS)
def test_undoing_twice_is_undoing_once(text: str) -> None:
    once = undo(text).text
    assert undo(once).text == once


@given(TEXTS)
def test_what_is_seen_is_what_cleaning_gives(text: str) -> None:
    assert collapsed(seen(text)).text == clean(text)


def test_a_span_names_the_characters_of_the_original() -> None:
    original = "good  w.o.r.k for y\u200bоu, ﬁne"
    found = undo(original)
    assert found.text == "good work for you, fine"
    assert original[slice(*found.span(5, 9))] == "w.o.r.k"
    assert original[slice(*found.span(14, 17))] == "y\u200bоu"
    assert original[slice(*found.span(19, 20))] == "ﬁ"
    assert original[slice(*found.span(0, len(found.text)))] == original


@pytest.mark.parametrize("span", [(0, 0), (2, 1), (-1, 2), (0, 5)])
def test_a_span_outside_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no characters"):
        untouched("abcd").span(*span)


def test_edits_keep_what_they_do_not_touch() -> None:
    found = rewrite(untouched("abcdef"), [Edit(1, 2, ""), Edit(3, 5, "XY"), Edit(5, 6, "long")])
    assert found == Undone("acXYlong", [0, 2, 3, 4, 5, 5, 5, 5], [1, 3, 4, 5, 6, 6, 6, 6])


@pytest.mark.parametrize(
    "part",
    [
        "w o r k ",
        "a",
        "a\u0301\u0301\u0301\u0301",
        "7w0 ",
        "w0rk j0b ",
        "pа",
        "🇼🇴🇷🇰",
        "(a)",
        "a@",
        "1.0.",
        "_ ",
        "\u200ea\u0301\u200d",
        "يیكک",
    ],
)
@pytest.mark.timeout(30)
def test_a_hostile_text_is_read_in_time_that_grows_with_its_length(part: str) -> None:
    text = part * (100_000 // len(part))  # what grows with the square would take minutes
    assert len(undo(text).text) <= 4 * len(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("we have a 🚤 for tonight", "we have a boat for tonight"),
        ("есть 🚤 на завтра", "есть лодка на завтра"),
        ("boat tonight 🚤", "boat tonight 🚤"),
        ("✈️ visa and ticket ready ✈️", "✈️ visa and ticket ready ✈️"),
        ("call 📞 today, 📱 +1 202", "call 📞 today, 📱 +1 202"),
    ],
)
def test_an_emoji_is_a_word_only_between_words(written: str, read: str) -> None:
    assert undo(written).text == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("كار خوب برای شما، کارت و پذیرش، یك كمک کوچک گرفتیم", "کار خوب برای شما، کارت و پذیرش، یک کمک کوچک گرفتیم"),
        ("کسي که ميخواهد کار کند", "کسي که ميخواهد کار کند"),  # one keyboard: Arabic yeh, Persian kaf
        ("دي شي خلاصېږي، ملګري وي او کور کې پاتې دی یی", "دي شي خلاصېږي، ملګري وي او کور کې پاتې دی یی"),  # Pashto
    ],
)
def test_forms_of_two_keyboards_become_one_where_they_alternate(written: str, read: str) -> None:
    assert undo(written).text == read


def test_a_word_is_undone_only_on_evidence() -> None:
    assert undo("4pply for job5").text == "4pply for job5"
    assert undo("4pply for job5, w0rk").text == "apply for jobs, work"


def test_classifier_and_languages_read_the_undone_text() -> None:
    assert read_as_screened("w o r k in Dubаi") == "work in Dubai"
