"""Logs: a line of JSON an event, and never what an exception says."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from pipeline.logs import QUIET_S, JsonLines, Sparing, configuration, configure

SECRET = "the text of a post"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What is logged under `fanal.test` and `library.test`."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in ("fanal.test", "library.test")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel("INFO")
        logger.propagate = False
    yield written
    for logger in loggers:
        logger.removeHandler(handler)
        logger.propagate = True


def line(out: io.StringIO) -> dict[str, Any]:
    """The one line that was logged."""
    [found] = out.getvalue().splitlines()
    read: dict[str, Any] = json.loads(found)
    return read


def fail() -> None:
    raise ValueError(SECRET)


def test_an_event_is_a_line_with_its_facts_as_fields(out: io.StringIO) -> None:
    logging.getLogger("fanal.test").warning("the broker is away", extra={"records": 3, "why": "KafkaTimeoutError"})
    found = line(out)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "fanal.test",
        "message": "the broker is away",
        "records": 3,
        "why": "KafkaTimeoutError",
    }


def test_of_an_exception_its_kind_and_its_place_are_logged_and_not_its_text(out: io.StringIO) -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("fanal.test").exception("a batch failed")
    found = line(out)
    assert found["exception"] == "ValueError"
    assert found["at"][-1].startswith("test_logs.py:")
    assert found["at"][-1].endswith(" fail")
    assert SECRET not in out.getvalue()


def test_a_cause_is_not_quoted_either(out: io.StringIO) -> None:
    try:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        logging.getLogger("fanal.test").exception("a batch failed")
    assert SECRET not in out.getvalue()


@pytest.mark.parametrize("how", ["%s", "%r", "crashed: %r"])
def test_an_exception_that_a_library_puts_into_its_message_is_named_by_its_kind(out: io.StringIO, how: str) -> None:
    logging.getLogger("library.test").error(how, ValueError(SECRET))
    assert "ValueError" in line(out)["message"]
    assert SECRET not in out.getvalue()


def test_an_exception_as_a_field_is_named_by_its_kind(out: io.StringIO) -> None:
    logging.getLogger("fanal.test").error(
        "failed", extra={"why": UnicodeDecodeError("utf-8", SECRET.encode(), 0, 1, "x")}
    )
    assert line(out)["why"] == "UnicodeDecodeError"


def test_what_a_library_says_after_its_first_line_is_left_out(out: io.StringIO) -> None:
    error = ValueError(SECRET)
    context = {"message": "Task exception was never retrieved", "exception": error, "future": error}
    handler = asyncio.new_event_loop()
    try:
        logger = logging.getLogger("asyncio")
        logger.addHandler(logging.getLogger("library.test").handlers[0])
        logger.propagate = False
        handler.default_exception_handler(context)
    finally:
        logger.removeHandler(logging.getLogger("library.test").handlers[0])
        logger.propagate = True
        handler.close()
    assert line(out)["message"] == "Task exception was never retrieved"
    assert SECRET not in out.getvalue()


def test_what_json_does_not_know_is_logged_all_the_same(out: io.StringIO) -> None:
    logging.getLogger("fanal.test").info("odd", extra={"where": {1, 2}, "bytes": b"\xff", "none": None})
    assert line(out)["none"] is None


def test_a_message_of_a_library_is_filled_in(out: io.StringIO) -> None:
    logging.getLogger("library.test").warning("%d of %s", 3, "topics")
    assert line(out)["message"] == "3 of topics"


def test_a_message_filled_in_from_a_mapping_is_filled_in(out: io.StringIO) -> None:
    logging.getLogger("library.test").warning("%(count)d records", {"count": 3})
    assert line(out)["message"] == "3 records"


def test_libraries_log_from_warnings_up() -> None:
    found = configuration("debug")
    assert found["root"]["level"] == "WARNING"
    assert found["loggers"]["fanal"]["level"] == "DEBUG"


def test_logging_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("fanal").level)
    try:
        configure("info")
        logging.getLogger("fanal.test").info("here")
        captured = capsys.readouterr()
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        logging.getLogger("fanal").setLevel(before[2])
    assert captured.out == ""
    assert json.loads(captured.err)["message"] == "here"


def said(logger: str, message: str, at: float) -> logging.LogRecord:
    record = logging.LogRecord(logger, logging.ERROR, "", 0, message, (), None)
    record.created = at
    return record


def test_a_library_says_the_same_thing_once_in_ten_seconds_and_how_often_it_wanted_to() -> None:
    sparing = Sparing()
    passed = [sparing.filter(said("aiokafka", "away: %s", 100.0 + second)) for second in range(5)]
    assert passed == [True, False, False, False, False]
    later = said("aiokafka", "away: %s", 100.0 + QUIET_S)
    assert sparing.filter(later)
    assert vars(later)["withheld"] == 4


def test_other_messages_and_our_own_are_never_withheld() -> None:
    sparing = Sparing()
    for logger, message in [
        ("aiokafka", "a"),
        ("aiokafka", "b"),
        ("faust", "a"),
        ("fanal.watch", "a"),
        ("fanal.watch", "a"),
    ]:
        assert sparing.filter(said(logger, message, 100.0))
