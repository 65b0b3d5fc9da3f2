"""Whether a post still stands: what is asked of a platform that sends no deletions."""

from collections.abc import Sequence
from typing import Literal, Protocol

from pipeline.posts import Post

Standing = Literal["stands", "gone", "unknown"]
"""`gone` is deleted, or no longer public; `unknown` where the platform did not say, and is asked again within the hour."""


class Asker(Protocol):
    """Asks one platform. Its connector brings it along."""

    async def ask(self, posts: Sequence[Post]) -> Sequence[Standing]:
        """One answer a post, in order. It keeps to the platform's limits; what it raises is logged, and asked again later."""
