"""What only a full server has, put there where it is: the lifecycle policy of the months, and roles.

Both carry `fanal_version` and `fanal_digest`, as templates do. They are tested against a server that answers as Elasticsearch
does: the embedded core has neither, and neither was run on a full one.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.index.client import ApiError, AsyncElasticsearch, trouble
from pipeline.index.templates import Layout, State, read_file

ROLES = ("analyst", "investigator", "auditor", "service")
_JSON = {"accept": "application/json", "content-type": "application/json"}
_MONTH_DAYS = 31


class Addition:
    """A policy or a role: its name on the server, and what is said of it."""

    def __init__(self, kind: str, name: str, path: str, body: dict[str, Any]) -> None:
        self.what = f"{kind} {name}"
        self.name = name
        self.path = path
        self.body = body

    @property
    def meta(self) -> dict[str, Any]:
        """Version and digest as they were put there."""
        inner = self.body.get("policy", self.body)
        found: dict[str, Any] = inner.get("_meta") or inner.get("metadata") or {}
        return found


def policy_name(layout: Layout) -> str:
    """The lifecycle policy of an installation."""
    return f"{layout.prefix}-months"  # the templates say the same


def policy(folder: Path, layout: Layout) -> Addition:
    """The lifecycle of a month: hot, warm, and where months are dropped at all, deleted.

    An age counts from the index's creation. A month's last posts come when it is a month old, so the server drops it two months
    later than Fanal's own worker would, which goes by the month: the server is the second to look, and makes nothing read-only.
    """
    body = read_file(folder / "lifecycle.json", layout.prefix)
    if layout.keep_months:
        age = f"{(layout.keep_months + 2) * _MONTH_DAYS}d"
        body["phases"]["delete"] = {"min_age": age, "actions": {"delete": {}}}
    body["_meta"] = {**body["_meta"], "fanal_digest": _digest(body["phases"])}
    name = policy_name(layout)
    return Addition("lifecycle policy", name, f"/_ilm/policy/{name}", {"policy": body})


def roles(folder: Path, layout: Layout) -> list[Addition]:
    """The roles of an installation, `PREFIX-analyst` and so on."""
    found = []
    for role in ROLES:
        body = read_file(folder / "roles" / f"{role}.json", layout.prefix)
        body["metadata"] = {**body["metadata"], "fanal_digest": role_digest(body)}
        name = f"{layout.prefix}-{role}"
        found.append(Addition("role", name, f"/_security/role/{name}", body))
    return found


def role_digest(body: Mapping[str, Any]) -> str:
    """A fingerprint of what a role allows, the same for our way of writing it and for a server's."""
    indices = [(sorted(one["names"]), sorted(one["privileges"])) for one in body.get("indices", [])]
    kibana = [(one["application"], sorted(one["privileges"])) for one in body.get("applications", [])]
    return _digest([sorted(body.get("cluster", [])), sorted(indices), sorted(kibana), body.get("run_as", [])])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


async def state(client: AsyncElasticsearch, ours: Addition) -> State:
    """Where a server's policy or role stands to ours. A policy that was changed by hand and kept our marks is not told from ours."""
    theirs = await _theirs(client, ours)
    if theirs is None:
        return "missing"
    meta = theirs.get("_meta") or theirs.get("metadata") or {}
    if meta.get("fanal_version", 0) > ours.meta["fanal_version"]:
        return "newer"
    if "cluster" in theirs and role_digest(theirs) != meta.get("fanal_digest"):
        return "altered"
    if not meta.get("fanal_digest"):
        return "altered"
    return "same" if meta == ours.meta else "older"


async def _theirs(client: AsyncElasticsearch, ours: Addition) -> Mapping[str, Any] | None:
    try:
        answer = await client.perform_request("GET", ours.path, headers=_JSON)
    except ApiError as error:
        if error.meta.status == 404:
            return None
        raise
    found: Mapping[str, Any] = answer.body[ours.name]
    inner: Mapping[str, Any] = found.get("policy", found)
    return inner


async def put(client: AsyncElasticsearch, ours: Addition) -> str:
    """Put it there; nothing, or why this login may not."""
    try:
        await client.perform_request("PUT", ours.path, headers=_JSON, body=ours.body)
    except ApiError as error:
        if error.meta.status in {401, 403}:
            return trouble(error).kind
        raise
    return ""
