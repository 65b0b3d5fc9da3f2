"""The index templates: rendered from `config/elasticsearch/`, and compared with what a server holds. Pure.

A template carries `_meta.fanal_version` (raised by us with each change) and `_meta.fanal_digest` (of its content as we
put it), so that a template from a newer Fanal and a template changed by hand are both told from an old one of our own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import ConfigurationError
from pipeline.resources import config_dir

State = Literal["missing", "same", "older", "newer", "altered"]
FOLDING = ("lowercase", "asciifolding")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the indices of an installation are laid out."""

    prefix: str
    shards: int
    replicas: int
    keep_months: int = 0
    lifecycle: bool = False
    """Whether the server moves and drops months by a policy of ours: where it can (`pipeline.index.server_side`)."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template by its name on the server; a component is part of others."""

    name: str
    component: bool
    body: dict[str, Any]

    @property
    def mappings(self) -> dict[str, Any] | None:
        """Its mapping, where it has one."""
        found: dict[str, Any] | None = self.body["template"].get("mappings")
        return found


def render(
    folder: Path, layout: Layout, kinds: Sequence[str], analyzers: Mapping[str, str], filters: Sequence[str]
) -> list[Template]:
    """The templates; components first. `analyzers` is the server's for each language that has `words`, or `folding`."""
    read = {name: read_file(folder / f"{name}.json", layout.prefix) for name in _FILES}
    documents = read["hits-documents"]["template"]
    fields = documents["mappings"]["properties"]
    fields["scores"]["properties"] = {kind: {"type": "float"} for kind in kinds}
    fields["words"]["properties"] = {lang: {"type": "text", "analyzer": name} for lang, name in analyzers.items()}
    documents["settings"]["index"]["analysis"]["analyzer"]["folding"]["filter"] = list(filters)
    for name in ("hits", "evidence", "tombstones"):
        settings = read[name]["template"]["settings"]["index"]
        settings.update(number_of_shards=layout.shards, number_of_replicas=layout.replicas)
        if layout.lifecycle and name != "tombstones":
            settings["lifecycle"] = {"name": f"{layout.prefix}-months"}
    return [_stamped(f"{layout.prefix}-{name}", component, read[name]) for name, component in _FILES.items()]


_FILES = {"hits-documents": True, "hits": False, "evidence": False, "tombstones": False}


def document_version() -> int:
    """The version of the mapping that documents of this Fanal fit into; a later one takes them too."""
    return int(read_file(config_dir() / "elasticsearch" / "hits-documents.json", "")["_meta"]["fanal_version"])


def read_file(file: Path, prefix: str) -> dict[str, Any]:
    """What a file of `config/elasticsearch/` holds, with the installation's prefix; a damaged one is a `ConfigurationError`."""
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8").replace("{prefix}", prefix))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: cannot be read as JSON: {type(error).__name__}") from None
    return found


def _stamped(name: str, component: bool, body: dict[str, Any]) -> Template:
    body["_meta"] = {**body["_meta"], "fanal_digest": digest(body)}
    return Template(name, component, body)


def digest(body: Mapping[str, Any]) -> str:
    """A fingerprint of what a template says, the same for our way of writing it and for a server's."""
    content = {key: value for key, value in body.items() if key in {"index_patterns", "composed_of", "priority"}}
    template = body.get("template", {})
    content["settings"] = dict(sorted(_flat(template.get("settings", {}))))
    content["mappings"] = template.get("mappings", {})
    content["aliases"] = template.get("aliases", {})
    content["composed_of"] = content.get("composed_of") or []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _flat(settings: Any, at: str = "") -> list[tuple[str, Any]]:
    """Settings as a server gives them back: dotted keys under `index.`, every value a string."""
    if isinstance(settings, Mapping):
        return [pair for key, value in settings.items() for pair in _flat(value, f"{at}.{key}" if at else key)]
    key = at if at.startswith("index.") else f"index.{at}"
    if isinstance(settings, list):
        return [(key, [str(value) for value in settings])]
    return [(key, str(settings).lower() if isinstance(settings, bool) else str(settings))]


def compare(ours: Template, theirs: Mapping[str, Any] | None) -> State:
    """Where a server's template stands to ours."""
    if theirs is None:
        return "missing"
    meta = theirs.get("_meta") or {}
    if meta.get("fanal_version", 0) > ours.body["_meta"]["fanal_version"]:
        return "newer"
    found, expected = digest(theirs), ours.body["_meta"]["fanal_digest"]
    if found == expected and meta == ours.body["_meta"]:
        return "same"
    return "older" if found in {meta.get("fanal_digest"), expected} else "altered"
