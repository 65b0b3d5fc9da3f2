"""The licence to exist: who runs live sources, on which legal basis, and until when, as `config/licence.toml` records it.

Fanal checks that the record is whole and in force. Whether what it says is true and lawful, the operator answers for:
`docs/legal/` says what that takes.
"""

import difflib
import json
import os
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigurationError

ACCEPTABLE_USE = "1"
"""The version of `docs/legal/acceptable-use.md` that must be acknowledged. A changed page has a new one and asks anew."""

RULES = (
    "Only an organisation that helps or protects people, or acts by law, with a legal basis and an impact assessment of its own.",
    "Never to find, follow, deter, return or deport migrants, nor to decide about asylum, visas, work, credit or benefits.",
    "Never to score, rank or search for a person, and never a decision about one without a person who has read the post.",
    "Pleas and warnings go to people who can help, never to those who would act against the one who wrote them.",
    "Analysts read the languages that they judge, and are few, named, trained and logged.",
)
"""The page in five sentences, as the terminal shows them."""

BASES = {
    "gdpr-6-1-e": "a task in the public interest, laid down by law: GDPR Art. 6(1)(e) and 6(3)",
    "gdpr-6-1-f": "legitimate interests that outweigh those of the people read: GDPR Art. 6(1)(f)",
    "led": "a competent authority under the law that transposes Directive (EU) 2016/680",
    "research": "approved research: GDPR Art. 89, beside a basis of Art. 6 and one of Art. 9(2)",
    "other": "something else, in words: another legal order, or another point of Art. 6(1)",
}
LONGEST = timedelta(days=366)
MOST_LETTERS = 300
EVERY = "all"
ASK = "`fanal licence record` asks for it"

WANTED = {
    "operator": "name the organisation that answers for this",
    "contact": "name the role that answers questions, such as data protection officer; no person's name",
    "basis": f"give one of {', '.join(BASES)}",
    "grounds": "name the law, or say where the balancing test or the approval is written down",
    "assessment": "say under which title or number the impact assessment is kept",
    "assessed_on": "give the day on which it was last reviewed, as 2026-01-31, not ahead of today",
    "acceptable_use": f'read docs/legal/acceptable-use.md, and if you keep to it give its version, now "{ACCEPTABLE_USE}"',
    "sources": f'list sources by name or kind, as ["bluesky"], or ["{EVERY}"]',
    "recorded_on": "give the day on which this was written down, as 2026-01-31, not ahead of today",
    "valid_until": "give its last day, as 2026-12-31, at most a year after recorded_on",
}
"""What to do about each field."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The record, field by field as in the file. `valid_until` is the last day on which it holds."""

    operator: str
    contact: str
    basis: str
    grounds: str
    assessment: str
    assessed_on: date
    acceptable_use: str
    sources: tuple[str, ...]
    recorded_on: date
    valid_until: date

    @property
    def ends_at(self) -> datetime:
        """The first moment at which it no longer holds."""
        return datetime.combine(self.valid_until + timedelta(days=1), time(), UTC)

    def covers(self, source: str, kind: str | None = None) -> bool:
        """Whether a source may run, by its name, by its kind (its platform), or because all may."""
        return bool({EVERY, source, kind} & set(self.sources))


def wrong_with(name: str, value: object) -> str | None:
    """What is wrong with the value of a field by itself; nothing if it will do."""
    if name in {"assessed_on", "recorded_on", "valid_until"}:
        return None if type(value) is date else "is no date"
    if name == "sources":
        will_do = isinstance(value, list | tuple) and bool(value) and not any(wrong_with("name", one) for one in value)
        return None if will_do else "is no list of names"
    if not isinstance(value, str):
        return "is no text"
    if not value.strip():
        return "is empty"
    if not value.isprintable() or len(value) > MOST_LETTERS:
        return f"is not one line of at most {MOST_LETTERS} characters"
    return "is none that Fanal knows" if name == "basis" and value not in BASES else None


def read_licence(path: Path) -> Licence:
    """Read the record; every field is there and is what it must be by itself. Whether it is in force: `why_not`.

    Raises:
        ConfigurationError: there is no such file, or a field is missing, unknown or wrong; one line that says what to do.
    """
    found = _read(path)
    for name in found.keys() - WANTED.keys():
        near = difflib.get_close_matches(name, WANTED, 1)
        hint = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(WANTED)}"
        raise ConfigurationError(f"{path}: {json.dumps(name)} is no field of it; {hint}")
    for name in WANTED:
        wrong = wrong_with(name, found[name]) if name in found else "is missing"
        if wrong:
            raise _refusal(path, name, wrong)
    return Licence(**{**found, "sources": tuple(found["sources"])})


def why_not(licence: Licence, today: date) -> tuple[str, str] | None:
    """The field by which the record is not in force today, and what is wrong with it; nothing if it is in force."""
    if licence.recorded_on > today:
        return "recorded_on", "lies ahead"
    if licence.assessed_on > today:
        return "assessed_on", "lies ahead"
    if licence.acceptable_use != ACCEPTABLE_USE:
        return "acceptable_use", "is of another version of the page"
    if licence.valid_until > licence.recorded_on + LONGEST:
        return "valid_until", "is more than a year after recorded_on"
    if licence.valid_until < today:
        return "valid_until", f"has passed ({licence.valid_until}): review the assessment, record anew"
    return None


def require_licence(
    licence_path: Path, source_names: Iterable[str], today: date, kinds: Mapping[str, str] | None = None
) -> None:
    """Refuse unless the record is in force and covers these live sources; `kinds` gives a source's platform by its name.

    Without any source nothing is asked and no file is read.

    Raises:
        ConfigurationError: it is not, or does not; one line that says what is missing and what to do.
    """
    names = list(source_names)
    if not names:
        return
    licence = read_licence(licence_path)
    if fault := why_not(licence, today):
        raise _refusal(licence_path, *fault)
    for name in names:
        if not licence.covers(name, (kinds or {}).get(name)):
            raise _refusal(licence_path, "sources", f"does not cover {json.dumps(name)}")


def write_licence(path: Path, licence: Licence) -> None:
    """Write the record whole or not at all, readable by this user alone.

    Raises:
        ConfigurationError: it cannot be written there.
    """
    text = "".join(f"{name} = {_toml(value)}\n" for name, value in asdict(licence).items())
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise ConfigurationError(
            f"{path}: the licence cannot be kept there ({error.strerror}); set FANAL_LICENCE"
        ) from None


def _toml(value: object) -> str:
    """Text without control characters is the same in JSON and in TOML."""
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _refusal(path: Path, name: str, wrong: str) -> ConfigurationError:
    return ConfigurationError(f"{path}: {name} {wrong}; {WANTED[name]} ({ASK})")


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path}: no such file, so no live source may run: record who runs this, on which basis and until when "
            f"({ASK}; docs/legal says what it takes)"
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); set FANAL_LICENCE to a file that can"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not valid TOML: not UTF-8; {ASK}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}; see config/licence.example.toml") from None
