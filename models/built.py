"""What `fanal model build` made and measured: files of engines, their calibrations, and which engine it kept.

It lies in the cache in a folder named after the base and the heads that it was built for, so that neither another base
nor newly trained heads ever meet calibrations that are not theirs. `build.json` is written last and holds each file's
sha256: a folder without it, or one that does not match it, is as if nothing had been built.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from models.agreement import Agreement
from models.calibration import Calibration, calibration_from_json
from models.engines import Sizing
from models.errors import ModelError
from models.heads import Heads

_FORM = 1
_STAMP = "build.json"


@dataclass(frozen=True, slots=True)
class Built:
    """An engine as it was built: its calibration, how far it agrees, how to size it, and its rate then, in posts a second."""

    calibration: Calibration
    agreement: Agreement
    sizing: Sizing
    posts_per_s: float


@dataclass(frozen=True, slots=True)
class Build:
    """All engines that a build found to agree, and the fastest of them, which `auto` runs."""

    folder: Path
    kept: str
    machine: str
    engines: Mapping[str, Built]
    files: Sequence[str] = field(default=())


def build_folder(cache: Path, base_sha256: str, heads: Heads) -> Path:
    """Give the folder of the builds for a base and heads."""
    return cache / f"build-{base_sha256[:12]}-{heads.digest[:12]}"


def save_build(build: Build) -> None:
    """Write the stamp that makes a build valid, its files being there."""
    text = {
        "form": _FORM,
        "kept": build.kept,
        "machine": build.machine,
        "engines": {name: _as_json(one) for name, one in build.engines.items()},
        "files": {name: _sha256(build.folder / name) for name in build.files},
    }
    draft = build.folder / f"{_STAMP}.{os.getpid()}"
    draft.write_text(json.dumps(text, indent=1), encoding="utf-8")
    draft.replace(build.folder / _STAMP)


def load_build(cache: Path, base_sha256: str, heads: Heads) -> Build | None:
    """Read what was built for a base and heads; None where nothing was.

    A build that is damaged is a `ModelError`: what it kept must not be replaced by another engine unseen.
    """
    folder = build_folder(cache, base_sha256, heads)
    if not (folder / _STAMP).is_file():
        return None
    try:
        found = json.loads((folder / _STAMP).read_text(encoding="utf-8"))
        whole = found["form"] == _FORM and all(_sha256(folder / name) == sha for name, sha in found["files"].items())
        engines = {name: _from_json(one) for name, one in found["engines"].items()}
        build = Build(folder, found["kept"], found["machine"], engines, tuple(found["files"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"the build in {folder} is damaged ({type(error).__name__}): remove it, or build again"
        ) from None
    if not whole:
        raise ModelError(
            f"the build in {folder} is damaged or of another form: remove it, or run `fanal model build` again"
        )
    return build


def _as_json(one: Built) -> dict[str, Any]:
    return {
        "calibration": one.calibration.as_json(),
        "agreement": asdict(one.agreement),
        "sizing": asdict(one.sizing),
        "posts_per_s": one.posts_per_s,
    }


def _from_json(data: Mapping[str, Any]) -> Built:
    calibration = calibration_from_json(data["calibration"])
    return Built(calibration, Agreement(**data["agreement"]), Sizing(**data["sizing"]), float(data["posts_per_s"]))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
