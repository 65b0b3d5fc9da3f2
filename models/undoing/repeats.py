"""Letters drawn out: `freeeee`."""

import re
from collections.abc import Iterator

from models.undoing.aligned import Edit, Undone, rewrite

_DRAWN = re.compile(
    r"([aeiouyаеёиоуыэюяії])\1{2,}|([^\W\d_\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af])\2{3,}", re.IGNORECASE
)
_COPIII = re.compile(r"(?<=[^\W\d_i])iii(?!\w)")
_AS_IT_IS = re.compile(r"[IVXLCM]+|[ivx]+|[A-ZА-Я]{3,4}")


def shortened(found: Undone) -> Undone:
    """Leave two of a vowel that stands three times or more in a row, of another letter that stands four times or more.

    Not in numerals, sizes and initials, nor at the end of Romanian plurals (`copiii`).
    """
    return rewrite(found, _edits(found.text))


def _edits(text: str) -> Iterator[Edit]:
    for run in _DRAWN.finditer(text):
        first, last = run.span()
        if _COPIII.match(text, first):
            continue
        around = (
            text[max(0, first - 6) : first].rpartition(" ")[2] + run[0][:8] + text[last : last + 6].partition(" ")[0]
        )
        if not _AS_IT_IS.fullmatch(around.strip(".,:;!?()\"'")):
            yield Edit(first + 2, last, "")
