"""What the log-odds of languages look like on posts of one's own: the local statistics, beside the artefact, never in it.

The file holds counts, means and deviations, and no text. It belongs to one artefact and one engine: other weights, or
another precision, move every mean, so that it is refused with any other.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from models.calibration import Calibration, Spread
from models.errors import ModelError

_FORM = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """The spread of a language, and on how many posts it was measured."""

    posts: int
    spread: Spread


@dataclass(frozen=True, slots=True)
class LocalStatistics:
    """Spreads by language for an artefact (by its digest) on an engine, one value a lane in the order of `lanes`.

    `posts` counts all that were read, those of languages with too few included; `at` is when they were measured.
    """

    digest: str
    engine: str
    lanes: tuple[str, ...]
    posts: int
    at: datetime
    languages: Mapping[str, Measured]

    def refuse_other(self, digest: str, engine: str, lanes: Sequence[str]) -> None:
        """Raise a `ModelError` where they were not measured with this artefact on this engine."""
        if digest != self.digest or tuple(lanes) != self.lanes:
            raise ModelError(
                f"the local statistics were measured with another classifier ({self.digest[:12]}…) than runs here "
                f"({digest[:12]}…): run `fanal model refresh` again, or remove the file"
            )
        if engine != self.engine:
            raise ModelError(
                f"the local statistics were measured on the engine {self.engine}, and {engine} runs here: run "
                "`fanal model refresh` again, or remove the file"
            )

    def refine(self, calibration: Calibration) -> Calibration:
        """Give the calibration with these spreads in place of its own; thresholds, margins and penalty stay."""
        own = {lang: one.spread for lang, one in self.languages.items()}
        return replace(calibration, spreads={**calibration.spreads, **own})


def save_statistics(statistics: LocalStatistics, path: Path) -> None:
    """Write the file whole or not at all; where that fails this is a `ModelError`."""
    languages = {
        lang: {"posts": one.posts, "mean": one.spread.mean, "deviation": one.spread.deviation}
        for lang, one in sorted(statistics.languages.items())
    }
    text = {
        "form": _FORM,
        "artefact": statistics.digest,
        "engine": statistics.engine,
        "lanes": statistics.lanes,
        "posts": statistics.posts,
        "at": statistics.at.isoformat(timespec="seconds"),
        "languages": languages,
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise ModelError(f"the local statistics cannot be written to {path}: {error.strerror or error}") from None


def load_statistics(path: Path) -> LocalStatistics | None:
    """Read the file; None where there is none. One that is damaged or of another form is a `ModelError`."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"the local statistics in {path} cannot be read: {error.strerror or error}") from None
    try:
        found = _from_json(json.loads(raw))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"the local statistics in {path} are damaged ({type(error).__name__}): run `fanal model refresh` again, or "
            "remove the file"
        ) from None
    return found


def _from_json(data: Mapping[str, Any]) -> LocalStatistics:
    lanes = tuple(data["lanes"])
    languages = {lang: _measured(one, len(lanes)) for lang, one in data["languages"].items()}
    if data["form"] != _FORM:
        raise ValueError("another form")
    at = datetime.fromisoformat(data["at"])
    return LocalStatistics(data["artefact"], data["engine"], lanes, int(data["posts"]), at, languages)


def _measured(data: Mapping[str, Any], lanes: int) -> Measured:
    spread = Spread(tuple(map(float, data["mean"])), tuple(map(float, data["deviation"])))
    if len(spread.mean) != lanes:
        raise ValueError("a spread of other lanes")
    spread.refuse_unsound()
    return Measured(int(data["posts"]), spread)
