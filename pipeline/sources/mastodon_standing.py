"""Asks Mastodon instances whether posts still stand: for deletions that no stream told, as between two runs of a collector."""

from collections.abc import Mapping, Sequence

import httpx

from pipeline.posts import Post
from pipeline.sources.connector import SourceAway, SourceRefused
from pipeline.sources.http import Http
from pipeline.sources.mastodon_ids import is_id
from pipeline.sources.mastodon_settings import Asked
from pipeline.sources.standing import Standing

KEPT_BACK = 100
"""Requests of an instance's budget that are left to the connector that reads it."""
_ANSWERS = frozenset({401, 403, 404, 410})


class MastodonAsker:
    """Asks each post's own reading instance, by the id that the post has there. Of one that is not configured: `unknown`."""

    def __init__(self, instances: Mapping[str, Asked], transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._instances = instances
        self._transport = transport

    async def ask(self, posts: Sequence[Post]) -> list[Standing]:
        """One answer a post, in order. An instance that is away, or whose budget runs low, is asked no more this time."""
        answers: list[Standing] = ["unknown"] * len(posts)
        for host, asked in self._instances.items():
            there = [(at, str(post.extra.get("status_id"))) for at, post in enumerate(posts) if _instance(post) == host]
            if not there:
                continue
            async with Http(asked.reach(), self._transport) as http:
                for at, status_id in there:
                    if http.budget and http.budget.left < KEPT_BACK:
                        break
                    try:
                        answers[at] = await _standing(http, status_id)
                    except (SourceAway, SourceRefused):
                        break
        return answers


def _instance(post: Post) -> object:
    return post.extra.get("instance")


async def _standing(http: Http, status_id: str) -> Standing:
    """404 and 410 are gone: deleted, or no longer public. 401 and 403 are not about the post."""
    if not is_id(status_id):
        return "unknown"
    answer = await http.get(f"/api/v1/statuses/{status_id}", also=_ANSWERS)
    if answer.status in {404, 410}:
        return "gone"
    return "stands" if answer.status == 200 else "unknown"
