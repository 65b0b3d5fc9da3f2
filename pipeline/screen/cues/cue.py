"""What a cue is: words or digits in a post that show an analyst why it matters, and where they stand."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cue:
    """Something found in a text by a rule: an assessment of words, not a fact about a person.

    `kind` is one of the taxonomy's `cues`; `value` the characters that were found, as written; `normalised` their one form
    (E.164, an address, `300 EUR`, `TR>GR/Athens`, a word list's concept); `start` and `end` count characters of the text as
    it was written; `rule` names what found it.
    """

    kind: str
    value: str
    normalised: str
    start: int
    end: int
    rule: str
