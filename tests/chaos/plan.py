"""What is posted in a trial of deletions, what of it is deleted, and when: all from one seed."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from pipeline.posts import Erasure, Post
from tests.chaos.trial import numbered

PER_ACCOUNT = 10
LONG_AFTER = 0.5
"""So many of the deletions come when everything else has become a hit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is posted and what is deleted when: a moment is the number of posts that were sent by then; long after, more."""

    posts: int
    accounts: dict[int, float]
    singles: dict[int, float]

    @property
    def deleted(self) -> set[int]:
        """The numbers of all posts that are deleted, by themselves or with their account."""
        return set(self.singles) | {number for number in range(self.posts) if number // PER_ACCOUNT in self.accounts}

    def post(self, number: int, version: str = "1") -> Post:
        """A post; ten in a row are of one account."""
        author = f"account-{number // PER_ACCOUNT}"
        return msgspec.structs.replace(numbered(number), author_id=author, version=version)

    def erasures(self, since: float, until: float) -> list[Erasure]:
        """What is deleted between two moments."""
        now = datetime.now(UTC)
        due = [number for number, moment in self.singles.items() if since <= moment < until]
        accounts = [account for account, moment in self.accounts.items() if since <= moment < until]
        return [Erasure(platform="push", erased_at=now, native_id=str(number)) for number in due] + [
            Erasure(platform="push", erased_at=now, author_id=f"account-{account}", cause="account_deleted")
            for account in accounts
        ]


def plan(posts: int, dice: random.Random) -> Plan:
    """A tenth is deleted, an eighth of that with whole accounts; some before they are posted, some long after."""
    accounts = dice.sample(range(posts // PER_ACCOUNT), posts // 800)
    others = [number for number in range(posts) if number // PER_ACCOUNT not in set(accounts)]
    singles = dice.sample(others, posts // 10 - PER_ACCOUNT * len(accounts))

    def moment() -> float:
        return dice.uniform(posts, 2 * posts) if dice.random() < LONG_AFTER else dice.uniform(-0.05 * posts, posts)

    return Plan(posts, {one: moment() for one in accounts}, {one: moment() for one in singles})
