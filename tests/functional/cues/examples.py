"""Numbers that the library gives as examples, valid ones, in the spellings of people: drawn when it runs, kept nowhere.

`python -m tests.functional.cues.examples` prints, by spelling, how many were found and how many of those were read as the number that
they are. A number without its country's code may be one of a neighbour's: then it is found, and read otherwise.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberFormat as Form
from phonenumbers import PhoneNumberType as Type

from pipeline.resources import taxonomy
from pipeline.screen.cues import find_cues
from pipeline.screen.telephones import regions
from tests.functional.cues.suite import wilson

LANGUAGES: tuple[str, ...] = tuple(taxonomy()["languages"])
_SENTENCE = "whatsapp {} now"
_FULL = str.maketrans("0123456789+", "０１２３４５６７８９＋")
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _keycaps(number: str) -> str:
    return "".join(f"{one}\ufe0f\u20e3" if one.isdigit() else one for one in number)


SPELLINGS: Mapping[str, Callable[[phonenumbers.PhoneNumber], str]] = {
    "with its plus": lambda one: phonenumbers.format_number(one, Form.E164),
    "in groups": lambda one: phonenumbers.format_number(one, Form.INTERNATIONAL),
    "with 00": lambda one: "00" + phonenumbers.format_number(one, Form.E164)[1:],
    "as at home": lambda one: phonenumbers.format_number(one, Form.NATIONAL),
    "spaced": lambda one: " ".join(phonenumbers.format_number(one, Form.E164)),
    "dotted": lambda one: "+" + ".".join(phonenumbers.format_number(one, Form.E164)[1:]),
    "keycaps": lambda one: _keycaps(phonenumbers.format_number(one, Form.E164)),
    "full width": lambda one: phonenumbers.format_number(one, Form.E164).translate(_FULL),
    "Arabic digits": lambda one: phonenumbers.format_number(one, Form.E164).translate(_ARABIC),
    "wa.me": lambda one: "wa.me/" + phonenumbers.format_number(one, Form.E164)[1:],
}


@dataclass(slots=True)
class Tally:
    """Numbers of one spelling: written, found, and of those read as what they are."""

    written: int = 0
    found: int = 0
    right: int = 0


def drawn() -> Iterator[tuple[str, phonenumbers.PhoneNumber]]:
    """A mobile number of each country where one of the languages is spoken, with the first such language."""
    seen: set[str] = set()
    for lang in LANGUAGES:
        for region in regions((lang,)):
            one = phonenumbers.example_number_for_type(region, Type.MOBILE)
            if one is not None and region not in seen:
                seen.add(region)
                yield lang, one


def tallied() -> dict[str, Tally]:
    """How the finders do, by spelling."""
    tallies = {name: Tally() for name in SPELLINGS}
    for lang, one in drawn():
        for name, spelled in SPELLINGS.items():
            _count(tallies[name], lang, spelled(one), phonenumbers.format_number(one, Form.E164))
    return tallies


def _count(tally: Tally, lang: str, spelling: str, number: str) -> None:
    text = _SENTENCE.format(spelling)
    at = text.index(spelling)
    middle = at + len(spelling) // 2
    cues = [cue for cue in find_cues(text, lang) if cue.kind == "telephone" and cue.start <= middle < cue.end]
    tally.written += 1
    tally.found += bool(cues)
    tally.right += any(cue.normalised == number for cue in cues)


def main() -> None:
    """Print the table."""
    print(f"{'spelling':15} written  found  (95 %)       read right")
    for name, one in tallied().items():
        low, high = wilson(one.found, one.written)
        print(f"{name:15} {one.written:7} {one.found:6}  {low:.2f}-{high:.2f} {one.right:14}")


if __name__ == "__main__":
    main()
