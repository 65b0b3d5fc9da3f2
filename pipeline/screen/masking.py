"""Contact data out of a text: each telephone, address, link and handle becomes a token, the same for the same contact.

`06 12 34 56 78` and `+33612345678` become one `[phone:...]`, `wa.me/33612345678` too; `@name`, `t.me/name` and
`telegram: name` become one `[handle:...]`. What is a contact is said by the finders of cues (`pipeline.screen.cues`): whatever
they see is masked.
"""

import re
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
class Masked:
    """A text without contact data; `contacts` are its tokens (`phone:...`), each once, `kinds` their sorts."""

    text: str
    contacts: tuple[str, ...]
    kinds: tuple[str, ...]


def mask(text: str, langs: Sequence[str], pseudonyms: Pseudonyms, names: Sequence[str] = ()) -> Masked:
    """Replace contact data by tokens.

    `langs` are the likely languages, the likeliest first (they say which countries' numbers to expect); `names` are
    handles to mask wherever they stand: the author's, and those of the accounts that the post mentions.
    """
    tokens: list[str] = []
    for _ in range(MOST_PASSES):
        found = apart([*all_contacts(text, langs), *_known(text, names)])
        adjoined = any(_adjoins(text, contact) for contact in found)
        text = _replaced(text, found, pseudonyms, tokens)
        if not adjoined:
            break
    unique = tuple(dict.fromkeys(tokens))
    return Masked(text, unique, tuple(sorted({token.partition(":")[0] for token in unique})))


def _adjoins(text: str, contact: Contact) -> bool:
    """Whether a contact has no space or sentence's mark on either side: what stands there may be one that it hides."""
    around = text[max(0, contact.start - 1) : contact.start] + text[contact.end : contact.end + 1]
    return any(not char.isspace() and char not in _MARKS for char in around)


def _replaced(text: str, found: Sequence[Contact], pseudonyms: Pseudonyms, tokens: list[str]) -> str:
    """The text with tokens for contacts; each is added to `tokens`."""
    parts, at = [], 0
    for contact in found:
        tokens.append(f"{contact.kind}:{pseudonyms.token(contact.kind, contact.value)}")
        parts += [text[at : contact.start], f"[{tokens[-1]}]"]
        at = contact.end
    return "".join(parts) + text[at:]


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
