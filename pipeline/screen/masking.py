"""Contact data out of a text: each telephone, address, link and handle becomes a token, the same for the same contact.

`06 12 34 56 78` and `+33612345678` become one `[phone:...]`, `wa.me/33612345678` too; `@name`, `t.me/name` and
`telegram: name` become one `[handle:...]`. What is a contact is said by the finders of cues (`pipeline.screen.cues`): whatever
they see is masked.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.screen.cues.contacts import Contact, apart, handle_value
from pipeline.screen.cues.finding import all_contacts
from pipeline.screen.pseudonyms import Pseudonyms

MOST_NAMES = 64
SHORTEST_NAME = 3
LONGEST_NAME = 128
_TURKISH = {ord("İ"): "i", ord("ı"): "i"}
_MARKS = frozenset(".,;:!?()\"'…。،؟")
MOST_PASSES = 4
"""What stands right behind a contact may show as one itself only when that is gone."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one pass took out: characters `starts[i]` to `ends[i]` became `starts_after[i]` to `ends_after[i]`, in order and apart."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    starts_after: tuple[int, ...]
    ends_after: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where characters stand afterwards; what begins or ends within something taken out takes in all that stands for it."""
        return self._place(start, is_end=False), self._place(end, is_end=True)

    def touches(self, start: int, end: int) -> bool:
        """Whether any of the characters were taken out."""
        return bisect_right(self.ends, start) < bisect_left(self.starts, end)

    def _place(self, at: int, *, is_end: bool) -> int:
        before = (bisect_left(self.starts, at) if is_end else bisect_right(self.starts, at)) - 1
        if before < 0:
            return at
        if at < self.ends[before] or (is_end and at == self.ends[before]):
            return self.ends_after[before] if is_end else self.starts_after[before]
        return at - self.ends[before] + self.ends_after[before]


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without contact data; `contacts` are its tokens (`phone:...`), each once, `kinds` their sorts; `moves` is the way there."""

    text: str
    contacts: tuple[str, ...]
    kinds: tuple[str, ...]
    moves: tuple[Moved, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the masked text the characters `start` to `end` of the text as written stand."""
        for move in self.moves:
            start, end = move.span(start, end)
        return start, end

    def hides(self, start: int, end: int) -> bool:
        """Whether any of the characters `start` to `end` of the text as written were masked."""
        for move in self.moves:
            if move.touches(start, end):
                return True
            start, end = move.span(start, end)
        return False


def mask(
    text: str,
    langs: Sequence[str],
    pseudonyms: Pseudonyms,
    names: Sequence[str] = (),
    found: Sequence[Contact] | None = None,
) -> Masked:
    """Replace contact data by tokens.

    `langs` are the likely languages, the likeliest first (they say which countries' numbers to expect); `names` are
    handles to mask wherever they stand: the author's, and those of the accounts that the post mentions. `found` are the text's
    contacts (`all_contacts`) where somebody has looked for them already.
    """
    tokens: list[str] = []
    moves: list[Moved] = []
    for _ in range(MOST_PASSES):
        here = apart([*(all_contacts(text, langs) if found is None else found), *_known(text, names)])
        adjoined = any(_adjoins(text, contact) for contact in here)
        text, moved = _replaced(text, here, pseudonyms, tokens)
        moves += [moved] if here else []
        if not adjoined:
            break
        found = None
    unique = tuple(dict.fromkeys(tokens))
    return Masked(text, unique, tuple(sorted({token.partition(":")[0] for token in unique})), tuple(moves))


def _adjoins(text: str, contact: Contact) -> bool:
    """Whether a contact has no space or sentence's mark on either side: what stands there may be one that it hides."""
    around = text[max(0, contact.start - 1) : contact.start] + text[contact.end : contact.end + 1]
    return any(not char.isspace() and char not in _MARKS for char in around)


def _replaced(text: str, found: Sequence[Contact], pseudonyms: Pseudonyms, tokens: list[str]) -> tuple[str, Moved]:
    """The text with tokens for contacts, and how its characters moved; each token is added to `tokens`."""
    parts, at, grown = [], 0, 0
    starts, ends = [], []
    for contact in found:
        tokens.append(f"{contact.kind}:{pseudonyms.token(contact.kind, contact.value)}")
        parts += [text[at : contact.start], f"[{tokens[-1]}]"]
        at = contact.end
        starts.append(contact.start + grown)
        ends.append(starts[-1] + len(parts[-1]))
        grown = ends[-1] - at
    before = tuple(one.start for one in found), tuple(one.end for one in found)
    return "".join(parts) + text[at:], Moved(*before, tuple(starts), tuple(ends))


def _plain(text: str) -> str:
    """One spelling for all that the search below takes for the same, the Turkish i among it: most names stand nowhere, and a
    pattern of them need not be made."""
    return text.translate(_TURKISH).casefold()


def _known(text: str, names: Sequence[str]) -> list[Contact]:
    """Where the names stand, the longest first; a name of one or two characters could be any word."""
    usable = {name.lstrip("@＠") for name in names[:MOST_NAMES]}
    plain = _plain(text)
    there = (name for name in usable if SHORTEST_NAME <= len(name) <= LONGEST_NAME and _plain(name) in plain)
    kept = sorted(there, key=len, reverse=True)
    if not kept:
        return []
    either = "|".join(map(re.escape, kept))
    found = re.finditer(rf"[@＠]?(?<![a-z0-9_])(?:{either})(?![a-z0-9_])", text, re.IGNORECASE)
    return [Contact(match.start(), match.end(), "handle", handle_value(match.group()), "mentions") for match in found]
