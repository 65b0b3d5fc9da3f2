"""Searches whose bodies others write: aggregations over the hits of all months, answered whole or not at all."""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import IndexUnavailable
from pipeline.index.client import ApiError, AsyncElasticsearch, TransportError, open_client, trouble, unavailable
from pipeline.index.documents import Names
from pipeline.settings import ElasticsearchSettings


class Questions:
    """Asks the alias over all months of hits. Close it."""

    def __init__(self, client: AsyncElasticsearch, names: Names) -> None:
        self._client = client
        self._names = names

    async def ask(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to a search; of an index that is not there yet, that of an empty one.

        Raises:
            IndexUnavailable: the index is away, refuses the search, or some of its shards do not answer.
        """
        try:
            response = await self._client.search(
                index=self._names.hits, ignore_unavailable=True, body={"track_total_hits": True, **body}
            )
        except (ApiError, TransportError) as error:
            raise self._unavailable(error) from error
        found: Any = response.body
        if not isinstance(found, Mapping) or "hits" not in found:
            raise IndexUnavailable("Elasticsearch: what answers at its address is another program")
        if found["timed_out"] or found["_shards"]["failed"]:
            raise IndexUnavailable("Elasticsearch: it does not answer whole; try again when all its shards are there")
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @staticmethod
    def _unavailable(error: ApiError | TransportError) -> IndexUnavailable:
        if trouble(error).status == 400:
            return IndexUnavailable(f"Elasticsearch: it refuses the search ({trouble(error).kind})")
        return unavailable(error)


def open_questions(url: str, settings: ElasticsearchSettings) -> Questions:
    """Questions for the server at `url`; nothing is sent before the first.

    Raises:
        ConfigurationError: the address or the CA file cannot be used.
    """
    return Questions(open_client(url, settings), Names(settings.prefix))
