"""Which base encoder is asked for, and where it comes from: the pinned package, a local copy, or a model hub."""

from dataclasses import dataclass
from pathlib import Path

from models.architecture import CONFIG
from models.contents import Source
from models.converted import STAMP
from models.errors import ModelError
from models.hub import PREFIX, HubModel
from models.published import PACKAGE, VERSION, PackedModel
from models.saved import SavedModel


@dataclass(frozen=True, slots=True)
class Wanted:
    """The base that is asked for, as the settings say it.

    `source` is a path, or `hub:OWNER/NAME@REVISION`; none is the pinned package. `sha256` is the checksum that the
    weights must have, if one is set.
    """

    source: str | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        """Say it in a line, for a person who waits for it."""
        if not self.source:
            return f"multilingual-e5-small as packaged in {PACKAGE} {VERSION} (72 MB, MIT as stated)"
        return f"{self.source}, in full precision" if self.source.startswith(PREFIX) else self.source

    def open(self) -> Source | Path:
        """Give the source, or the folder if it is a converted one; what is neither is a `ModelError`."""
        if not self.source:
            return PackedModel()
        if self.source.startswith(PREFIX):
            return HubModel.parse(self.source, self.sha256)
        path = Path(self.source).expanduser()
        if not path.exists():
            raise ModelError(
                f"{path}: no such file or folder; model.base names a local copy, or {PREFIX}OWNER/NAME@COMMIT"
            )
        if path.is_file():
            return PackedModel(path)
        if (path / STAMP).exists():
            return path
        if not (path / CONFIG).exists():
            raise ModelError(f"{path} holds neither a saved model ({CONFIG}) nor a converted one ({STAMP})")
        return SavedModel.open(path)

    def refuse_other(self, sha256: str) -> None:
        """Refuse weights that do not have the checksum that is set."""
        if self.sha256 and self.sha256.lower() != sha256:
            raise ModelError(
                f"{self.source or PACKAGE}: the weights have sha256 {sha256[:12]}…, and model.base_sha256 says "
                f"{self.sha256[:12]}…"
            )


def wanted(weights: "Wanted | Path | str | None") -> Wanted:
    """Take a path or a string for a base without a checksum."""
    return weights if isinstance(weights, Wanted) else Wanted(str(weights) if weights else None)
