"""How long to wait before trying again: exponential, capped, with full jitter.

Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import random
from collections.abc import Iterator

FIRST_S = 0.2
CAP_S = 10.0


def waits(first: float = FIRST_S, cap: float = CAP_S) -> Iterator[float]:
    """Seconds to wait before the first, second, ... new try; never ends."""
    ceiling = first
    while True:
        yield random.uniform(0, ceiling)  # noqa: S311 - spreads load, guards nothing
        ceiling = min(cap, ceiling * 2)
