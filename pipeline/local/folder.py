"""The data folder: whether the servers can use it, what lies in it, and how it is emptied."""

import os
import shutil
from pathlib import Path

from pipeline.errors import ConfigurationError
from pipeline.local import broker
from pipeline.local.claim import claim
from pipeline.local.report import Report


def drop_orphaned_tables(data: Path, report: Report) -> None:
    """Delete Faust's tables when Kafka's data is new.

    They say how far they had read a broker that is gone; a worker would crash on the new one.
    """
    tables = data / "faust"
    if tables.exists() and broker.is_new(data):
        report(f"Kafka's data is new: dropping the tables of the former one in {tables}")
        shutil.rmtree(tables)


def reset(data: Path) -> None:
    """Delete what Kafka, Elasticsearch and Faust's tables hold under `data`; ports and logs stay.

    Raises `LocalStackError` while a stack runs there. Tables go first: without them a worker recovers from the broker,
    while tables without their broker make it crash.
    """
    if not data.is_dir():
        return
    held = claim(data)
    try:
        for part in ("faust", "kafka", "search"):
            if (data / part).exists():
                shutil.rmtree(data / part)
    finally:
        held.release()


def usable(path: Path) -> Path:
    """The absolute path; Kafka splits its storage path at commas, and Java its class path at colons."""
    absolute = path.expanduser().absolute()
    if "," in str(absolute) or os.pathsep in str(absolute):
        raise ConfigurationError(f"the servers cannot use a path with ',' or '{os.pathsep}' in it: {absolute}")
    return absolute


def prepare(data: Path) -> None:
    """Have the data folder, closed to other users, with a folder for logs in it."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
    except OSError as failure:
        raise ConfigurationError(f"cannot write to {data}: {failure.strerror}; choose another with --data") from None
