"""What a server has: Fanal uses what is there and says what is not. The embedded server is Elasticsearch's core only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.index.client import ApiError, AsyncElasticsearch

_PROBES: Mapping[str, tuple[str, str]] = {
    "lifecycle": ("GET", "/_ilm/status"),
    "data_streams": ("GET", "/_data_stream"),
    "security": ("GET", "/_security/_authenticate"),
    "snapshot_lifecycle": ("GET", "/_slm/status"),
    "licence": ("GET", "/_license"),
    "scripts": ("GET", "/_scripts/painless/_context"),
    "esql": ("GET", "/_query/async/none"),
    "async_search": ("GET", "/_async_search/none"),
}
_UNKNOWN = {"illegal_argument_exception", "invalid_index_name_exception", "index_not_found_exception"}


@dataclass(frozen=True, slots=True)
class Features:
    """A server's version, which of the features that we ask for it has, and which it lacks."""

    version: str
    present: frozenset[str]
    lacking: frozenset[str]

    def report(self) -> str:
        """One line for a person."""
        has = ", ".join(sorted(self.present)) or "none of them"
        return f"Elasticsearch {self.version}: has {has}; lacks {', '.join(sorted(self.lacking)) or 'nothing'}"


async def probe(client: AsyncElasticsearch) -> Features:
    """Ask for each feature. A refusal for want of rights (401, 403) shows that the feature is there."""
    info = await client.info()
    found = {name for name, (method, path) in _PROBES.items() if await _answers(client, method, path)}
    return Features(str(info["version"]["number"]), frozenset(found), frozenset(_PROBES) - found)


async def has(client: AsyncElasticsearch, feature: str) -> bool:
    """Whether the server has one of the features that `probe` asks for."""
    return await _answers(client, *_PROBES[feature])


async def analyzers(client: AsyncElasticsearch, wanted: Mapping[str, str]) -> dict[str, str]:
    """Those of the wanted analyzers (by language) that the server has and can run."""
    return {lang: name for lang, name in wanted.items() if await _analyzes(client, analyzer=name)}


async def filters(client: AsyncElasticsearch, wanted: Sequence[str]) -> list[str]:
    """Those of the wanted token filters that the server has."""
    return [name for name in wanted if await _analyzes(client, tokenizer="standard", filter=[name])]


async def _analyzes(client: AsyncElasticsearch, **how: object) -> bool:
    try:
        await client.indices.analyze(body={**how, "text": "probe"})
    except ApiError as error:
        if error.meta.status in {400, 500}:
            return False
        raise
    return True


async def _answers(client: AsyncElasticsearch, method: str, path: str) -> bool:
    try:
        await client.perform_request(method, path, headers={"accept": "application/json"})
    except ApiError as error:
        cause = error.body.get("error") if isinstance(error.body, dict) else None
        kind = cause.get("type") if isinstance(cause, dict) else None
        return error.meta.status in {401, 403} or (error.meta.status == 404 and kind == "resource_not_found_exception")
    return True
