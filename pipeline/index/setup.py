"""Templates onto the server: created, or brought up to date; run as often as you like, twice changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigurationError
from pipeline.index import server_side
from pipeline.index.client import ApiError, AsyncElasticsearch, trouble
from pipeline.index.features import analyzers, filters, has
from pipeline.index.languages import language_analyzers
from pipeline.index.templates import FOLDING, Layout, State, Template, compare, render
from pipeline.resources import config_dir, taxonomy

READY_S = 60


async def set_up(client: AsyncElasticsearch, layout: Layout, *, force: bool = False) -> list[str]:
    """Create and update templates; a line for each change, none where nothing is to be done.

    Raises:
        ConfigurationError: a template on the server is a newer Fanal's, or was changed by hand and `force` is not set,
            or the server refuses one. Nothing is changed unless all may be.
    """
    patient = client.options(request_timeout=READY_S + 5)
    await patient.cluster.health(wait_for_status="yellow", timeout=f"{READY_S}s")
    layout = replace(layout, lifecycle=await has(client, "lifecycle"))
    ours = await _rendered(client, layout, config_dir())
    states = [compare(template, await _theirs(client, template)) for template in ours]
    for template, state in zip(ours, states, strict=True):
        _check(f"index template {template.name}", state, force)
    additions = await _additions(client, layout, force)
    changes = [line for one in additions if (line := await _add(client, *one))]
    changes += [line for t, state in zip(ours, states, strict=True) if (line := await _put(client, t, state))]
    return changes + await _update_months(client, layout, ours, states)


async def _additions(
    client: AsyncElasticsearch, layout: Layout, force: bool
) -> list[tuple[server_side.Addition, State]]:
    """What a full server takes besides, and where it stands: nothing on one that has only the core."""
    folder = config_dir() / "elasticsearch"
    wanted = [server_side.policy(folder, layout)] if layout.lifecycle else []
    if await has(client, "security"):
        wanted += server_side.roles(folder, layout)
    states = [await server_side.state(client, one) for one in wanted]
    for one, state in zip(wanted, states, strict=True):
        _check(one.what, state, force)
    return list(zip(wanted, states, strict=True))


async def _add(client: AsyncElasticsearch, one: server_side.Addition, state: State) -> str:
    if state == "same":
        return ""
    why = await server_side.put(client, one)
    return f"{one.what} is left as it is: this login may not put it ({why})" if why else f"{_DONE[state]} {one.what}"


_DONE: Mapping[State, str] = {"missing": "created", "older": "updated", "altered": "updated"}


async def _rendered(client: AsyncElasticsearch, layout: Layout, config: Path) -> list[Template]:
    folder = config / "elasticsearch"
    wanted = language_analyzers()
    found, has_filters = await analyzers(client, wanted), await filters(client, FOLDING)
    return render(
        folder, layout, list(taxonomy(config)["kinds"]), dict.fromkeys(wanted, "folding") | found, has_filters
    )


async def _theirs(client: AsyncElasticsearch, template: Template) -> dict[str, Any] | None:
    kind, inner = _KIND[template.component]
    try:
        found = await client.perform_request("GET", f"/_{kind}/{template.name}", headers=_JSON)
    except ApiError as error:
        if error.meta.status == 404:
            return None
        raise
    theirs: dict[str, Any] = found.body[f"{kind}s"][0][inner]
    return theirs


_KIND = {True: ("component_template", "component_template"), False: ("index_template", "index_template")}
_JSON = {"accept": "application/json", "content-type": "application/json"}


def _check(what: str, state: State, force: bool) -> None:
    if state == "newer":
        raise ConfigurationError(f"{what} is a newer Fanal's: use that Fanal, or a prefix of its own")
    if state == "altered" and not force:
        raise ConfigurationError(f"{what} was changed by hand: `fanal setup --force` puts Fanal's own in its place")


async def _put(client: AsyncElasticsearch, template: Template, state: State) -> str:
    """Put a template where its state asks for it; the line that says so."""
    if state in ("same", "newer"):
        return ""
    kind, _ = _KIND[template.component]
    try:
        await client.perform_request("PUT", f"/_{kind}/{template.name}", headers=_JSON, body=template.body)
    except ApiError as error:
        raise ConfigurationError(f"index template {template.name} is refused by the server: {reason(error)}") from None
    return f"{_DONE[state]} index template {template.name}"


async def _update_months(
    client: AsyncElasticsearch, layout: Layout, ours: Sequence[Template], states: Sequence[State]
) -> list[str]:
    """New fields for the indices that are there already. What cannot be added to them is said and left."""
    lines = []
    for template, state in zip(ours, states, strict=True):
        if template.mappings is None or state in {"same", "missing"}:
            continue
        held = template.name.removesuffix("-documents")
        try:
            await client.indices.put_mapping(
                index=[held, f"{held}-*"], body=template.mappings, ignore_unavailable=True, allow_no_indices=True
            )
        except ApiError as error:
            lines.append(f"{held}: the months that are there keep their mapping ({trouble(error).kind})")
    return lines


def reason(error: ApiError) -> str:
    """What the server says against a template of ours, in one line: no post has part in it."""
    cause = error.body.get("error") if isinstance(error.body, dict) else None
    said = cause.get("reason") if isinstance(cause, dict) else None
    return " ".join(str(said or trouble(error).kind).split())[:300]
