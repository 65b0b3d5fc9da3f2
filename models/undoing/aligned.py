"""A text that was rewritten, and where in the original each of its characters stood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Edit(NamedTuple):
    """Characters `start` to `end` become `text`; one that keeps the length replaces character by character."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Undone:
    """What is read of a text. Character i came from `original[starts[i]:ends[i]]`; both rise or stay, never fall."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Say where in the original the characters `start` to `end` of the text stood.

        Raises:
            ValueError: the span is empty or not within the text.
        """
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no characters {start} to {end} in a text of {len(self.text)}")
        return self.starts[start], self.ends[end - 1]


def untouched(text: str) -> Undone:
    """Give a text as it stands."""
    return Undone(text, range(len(text)), range(1, len(text) + 1))


def rewrite(old: Undone, edits: Iterable[Edit]) -> Undone:
    """Apply edits, which stand in order and do not overlap."""
    wanted = [edit for edit in edits if old.text[edit.start : edit.end] != edit.text]
    if not wanted:
        return old
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, text in wanted:
        parts += (old.text[at:start], text)
        starts += old.starts[at:start]
        ends += old.ends[at:start]
        if len(text) == end - start:
            starts += old.starts[start:end]
            ends += old.ends[start:end]
        elif text:
            starts += [old.starts[start]] * len(text)
            ends += [old.ends[end - 1]] * len(text)
        at = end
    parts.append(old.text[at:])
    starts += old.starts[at:]
    ends += old.ends[at:]
    return Undone("".join(parts), starts, ends)
