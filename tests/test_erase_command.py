"""`fanal erase`: an id is read from the command or from standard input, and is printed nowhere, whatever is wrong."""

import pytest
from click.testing import CliRunner, Result

from pipeline.__main__ import cli
from pipeline.commands import erase as command
from pipeline.errors import UsageError
from pipeline.posts import Erasure
from pipeline.settings import Settings


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Erasure]:
    """What is sent, where a broker would take it and a worker runs."""
    taken: list[Erasure] = []

    async def send(_: Settings, wanted: list[Erasure]) -> None:
        taken.extend(wanted)

    monkeypatch.setattr(command, "_send", send)
    monkeypatch.setattr(command, "_worker_runs", lambda _: True)
    return taken


def erase(*words: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["erase", *words], input=stdin)


def named(sent: list[Erasure]) -> list[tuple[str | None, str | None]]:
    return [(one.native_id, one.author_id) for one in sent]


def test_ids_are_words_of_the_command(sent: list[Erasure]) -> None:
    done = erase("bluesky", "at://secret/1", "secret-2")
    assert (done.exit_code, done.output) == (0, "2 posts will be erased\n")
    assert named(sent) == [("at://secret/1", None), ("secret-2", None)]
    assert {(one.platform, one.cause) for one in sent} == {("bluesky", "requested")}


def test_ids_are_lines_of_standard_input_where_none_is_given(sent: list[Erasure]) -> None:
    done = erase("rss", "--author", stdin="secret-1\n\n  secret-2  \n")
    assert (done.exit_code, done.output) == (0, "2 accounts will be erased\n")
    assert named(sent) == [(None, "secret-1"), (None, "secret-2")]


@pytest.mark.parametrize("id_", ["-1001234", "--secret", "-x=secret", "--"])
def test_an_id_that_looks_like_an_option_is_an_id(sent: list[Erasure], id_: str) -> None:
    words = ("telegram", "--", id_) if id_ == "--" else ("telegram", id_)
    assert erase(*words).exit_code == 0
    assert named(sent) == [(id_, None)]


@pytest.mark.parametrize(
    ("words", "stdin"),
    [
        (("x", "secret" * 300), ""),
        (("p" * 65, "secret"), ""),
        (("", "secret"), ""),
        (("x", " "), ""),
        (("x",), "secret" * 300),
        (("x",), b"secret\xff"),
        (("x",), ""),
    ],
)
def test_what_cannot_be_an_id_is_refused_without_being_printed(
    sent: list[Erasure], words: tuple[str, ...], stdin: str | bytes
) -> None:
    done = erase(*words, stdin=stdin)
    assert isinstance(done.exception, UsageError)
    assert "secret" not in f"{done.output}{done.exception}"
    assert sent == []


def test_where_no_worker_erases_it_says_what_to_start(sent: list[Erasure], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_worker_runs", lambda _: False)
    assert "start `fanal work erasing`" in erase("x", "secret").output
    assert len(sent) == 1
