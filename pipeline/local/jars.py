"""Which jars the embedded servers are made of, as committed in `jars.lock`.

A line is `bundle group:artifact:version size sha256`. The bundle says who loads the jar: `kafka` and `search` are the
two servers' class paths, `transport` is the search server's network module (loaded from a folder of its own),
`compiler` is the Java compiler that turns our few classes into byte code at first start.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast, get_args

from pipeline.errors import ConfigurationError

Bundle = Literal["kafka", "search", "transport", "compiler"]

_AGAIN = "write it anew with python -m pipeline.local.lock"

LICENCES: dict[Bundle, str] = {
    "kafka": "Apache License 2.0; the libraries that it needs carry their own notices",
    "search": "Elasticsearch: used under the AGPLv3 (offered beside Elastic License 2.0 and SSPL); Lucene: Apache 2.0",
    "transport": "Elasticsearch's network module: the same; Netty: Apache License 2.0",
    "compiler": "Eclipse Public License 2.0",
}
"""What is said on screen before the user's machine fetches a bundle (docs/decisions/003)."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar: Maven coordinates, the bundle that loads it, its size in bytes and its sha256 in hex."""

    bundle: Bundle
    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name in the cache; unique over the lock."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def coordinates(self) -> str:
        """`group:artifact:version`."""
        return f"{self.group}:{self.artifact}:{self.version}"

    def line(self) -> str:
        """Write the jar as a line of the lock; `parse_line` reads it back."""
        return f"{self.bundle} {self.coordinates} {self.size} {self.sha256}"


def parse_line(line: str) -> Jar:
    """Read one line of the lock; a malformed one is a `ConfigurationError`, for it was edited by hand."""
    try:
        bundle, coordinates, size, sha256 = line.split()
        group, artifact, version = coordinates.split(":")
        if bundle not in get_args(Bundle) or len(sha256) != 64 or int(size) <= 0:
            raise ValueError(line)
    except ValueError:
        raise ConfigurationError(f"jars.lock: cannot read {line!r}; {_AGAIN}") from None
    return Jar(cast(Bundle, bundle), group, artifact, version, int(size), sha256)  # cast: it was looked up just above


def parse(text: str) -> tuple[Jar, ...]:
    """Read a whole lock; empty lines and lines that start with `#` do not count."""
    lines = (line.strip() for line in text.splitlines())
    jars = tuple(parse_line(line) for line in lines if line and not line.startswith("#"))
    names = [jar.name for jar in jars]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"jars.lock: two jars share a file name; {_AGAIN}")
    return jars


@cache
def locked() -> tuple[Jar, ...]:
    """The jars of the committed lock."""
    return parse(lock_text())


def lock_text() -> str:
    """The committed lock as text."""
    return (files("pipeline.local") / "jars.lock").read_text(encoding="utf-8")


def lock_digest() -> str:
    """A short name for this exact set of jars."""
    return hashlib.sha256(lock_text().encode()).hexdigest()[:16]


def folder(cache_dir: Path) -> Path:
    """Where the checked jars lie in the cache."""
    return cache_dir / "jars"


def paths(cache_dir: Path, *bundles: Bundle) -> list[Path]:
    """The jars of these bundles in the cache, in the lock's order."""
    return [folder(cache_dir) / jar.name for jar in locked() if jar.bundle in bundles]


def version_of(artifact: str) -> str:
    """The locked version of an artifact that stands in the lock under one version."""
    return next(jar.version for jar in locked() if jar.artifact == artifact)


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
