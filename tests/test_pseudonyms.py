"""Pseudonyms: stable under a key, apart between uses, worthless without it."""

import pytest

from pipeline.errors import ConfigurationError
from pipeline.screen.pseudonyms import Pseudonyms

KEY = bytes(range(32))
NAMES = Pseudonyms(KEY, "k1")


def test_a_document_id_is_the_same_on_every_machine_and_day() -> None:
    assert NAMES.document_id("telegram", "channel_example/123") == "bd6i3iviypizp2pqaswicnx2oa"


def test_an_id_has_128_bits_in_lower_case() -> None:
    found = NAMES.document_id("rss", "x")
    assert len(found) == 26
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_the_way_parts_are_joined_cannot_be_forged() -> None:
    assert NAMES.document_id("a|b", "c") != NAMES.document_id("a", "b|c")
    assert NAMES.document_id("ab", "c") != NAMES.document_id("a", "bc")


def test_an_author_is_no_document_and_no_container() -> None:
    assert len({NAMES.author("vk", "1"), NAMES.document_id("vk", "1"), NAMES.container("vk", "1")}) == 3


def test_an_author_is_another_on_another_platform() -> None:
    assert NAMES.author("vk", "anna") != NAMES.author("reddit", "anna")


def test_another_key_gives_other_names() -> None:
    assert NAMES.author("vk", "1") != Pseudonyms(bytes(32), "k2").author("vk", "1")


def test_a_token_is_letters_only_so_that_it_is_never_read_as_a_number() -> None:
    tokens = {NAMES.token("phone", str(number)) for number in range(500)}
    assert len(tokens) == 500
    assert all(len(token) == 20 and token.isalpha() for token in tokens)


def test_tokens_within_a_scope_meet_no_others() -> None:
    scoped = NAMES.within("reddit")
    assert scoped.token("phone", "1") == NAMES.within("reddit").token("phone", "1")
    assert len({scoped.token("phone", "1"), NAMES.token("phone", "1"), NAMES.within("x").token("phone", "1")}) == 3
    assert scoped.key_id == "k1"


def test_half_a_surrogate_pair_has_a_pseudonym_too() -> None:
    assert NAMES.author("vk", "\ud83d")


def test_a_short_key_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigurationError, match="5 bytes; it needs at least 16"):
        Pseudonyms(b"short", "k1")
