"""A classifier that reads nothing, to measure the pipeline without its model. Only the bench's flag chooses it."""

import zlib
from collections.abc import Sequence

from models.classifier import Assessment, Sifted
from models.examples import KINDS


class ConstantClassifier:
    """Assess every post as benign, or one in `hit_every` (chosen by its text) as a recruitment offer to review."""

    labels = KINDS
    model = "constant"
    can_flag = True

    def __init__(self, hit_every: int = 0) -> None:
        self._hit_every = hit_every

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> list[Assessment]:
        """Assess the texts in their order; the languages do not matter."""
        return [_HIT if self._is_hit(text) else _BENIGN for text in texts]

    def sift(self, texts: Sequence[str]) -> Sifted:
        """Tell which texts are hits."""
        suspects = [place for place, text in enumerate(texts) if self._is_hit(text)]
        return Sifted(suspects, lambda places, langs: self.assess([texts[place] for place in places], langs))

    def _is_hit(self, text: str) -> bool:
        return bool(self._hit_every) and zlib.crc32(text.encode("utf-8", "replace")) % self._hit_every == 0


def _certain(kind: str) -> dict[str, float]:
    return {one: float(one == kind) for one in KINDS}


_BENIGN = Assessment("benign", _certain("benign"), None, False, None, "constant", True)
_HIT = Assessment("recruitment", _certain("recruitment"), "offers", True, "review", "constant", True)
