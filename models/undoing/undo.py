"""Undo what people do to a text so that filters miss it and readers do not.

Linear in the length of the text. Each step leaves what it does not recognise; they run until nothing changes, at most `_ROUNDS` times.
"""

from models.undoing.aligned import Undone
from models.undoing.arabic import one_keyboard
from models.undoing.cleaning import collapsed, seen
from models.undoing.leet import letters_for_signs
from models.undoing.pictures import words_for_pictures
from models.undoing.repeats import shortened
from models.undoing.scripts import one_script
from models.undoing.spacing import joined_digits, joined_letters
from models.undoing.styled import ascii_digits, plain_letters

_ROUNDS = 6
_STEPS = (
    plain_letters, ascii_digits, joined_letters, joined_digits, one_script, one_keyboard, letters_for_signs,
    words_for_pictures, shortened, collapsed,
)  # fmt: skip


def undo(text: str) -> Undone:
    """Give the text that a classifier reads, with the place of every character in the text given.

    Cleaned (`models.undoing.cleaning.clean`); then look-alike letters, letters in boxes, digits for letters, letters and digits
    written apart, native digits, emoji for words and drawn-out letters come back to their plain form. Plain text stays as it is.
    Never raises.
    """
    found = seen(text)
    for _ in range(_ROUNDS):
        before = found.text
        for step in _STEPS:
            found = step(found)
        if found.text == before:
            break
        found = _seen_again(found)
    return found


def _seen_again(found: Undone) -> Undone:
    """Clean what the steps have made: a mark or a joiner may have come to stand behind another letter."""
    again = seen(found.text)
    if again.text == found.text:
        return found
    return Undone(again.text, [found.starts[at] for at in again.starts], [found.ends[at - 1] for at in again.ends])
