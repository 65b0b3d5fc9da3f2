"""Logs: one JSON line per event worth waking for. The message is constant; facts are fields; never a post's text or author."""

import json
import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

QUIET_S = 10.0

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A log record as a line of JSON: `time, level, logger, message`, the fields, and the kind of an exception.

    An exception's traceback names places in the code; its text may quote what was being read, so it is left out.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Render one record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line |= {key: _plain(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _places(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Sparing(logging.Filter):
    """Lets a library say the same thing once in ten seconds: a broker that is away makes some say it twenty times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log; the line that is let through tells how many like it were not."""
        if record.name.startswith("fanal"):
            return True
        what = record.name, str(record.msg)
        at, held = self._said.get(what, (0.0, 0))
        if record.created - at < QUIET_S:
            self._said[what] = at, held + 1
            return False
        self._said[what] = record.created, 0
        if held:
            record.withheld = held
        return True


def _message(record: logging.LogRecord) -> str:
    """The first line (a library's further lines quote what failed), exceptions by their kind alone."""
    if isinstance(record.args, tuple) and record.args:
        return str(record.msg % tuple(map(_plain, record.args))).partition("\n")[0]
    return record.getMessage().partition("\n")[0]


def _plain(value: object) -> object:
    return type(value).__name__ if isinstance(value, BaseException) else value


def _places(info: object) -> list[str]:
    traceback = info[2] if isinstance(info, tuple) else None
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-6:]


def configuration(level: str) -> dict[str, Any]:
    """The configuration (for `logging.config.dictConfig`): JSON lines to standard error, the libraries' from warnings up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLines}},
        "filters": {"sparing": {"()": Sparing}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["sparing"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {"fanal": {"level": level.upper()}},
    }


def configure(level: str) -> None:
    """Log so from now on."""
    logging.config.dictConfig(configuration(level))
