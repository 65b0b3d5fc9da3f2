"""What is known around a post, as the classifier takes it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recent:
    """The recent posts of a channel: how many count (each decays), and the means of both scores over them."""

    weight: float = 0.0
    stream: float = 0.0
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a post; what is not known, or may not be used, is None or weighs nothing."""

    reply: str | None = None
    channel: str | None = None
    recent: Recent = Recent()

    @property
    def has_text(self) -> bool:
        """Whether there is something to read the post together with."""
        return bool(self.reply or self.channel)
