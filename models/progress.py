"""How long work tells how far it is: the stage, and the share of it that is done."""

from collections.abc import Callable

Progress = Callable[[str, float], None]


def silent(stage: str, share: float) -> None:
    """Report no progress."""
