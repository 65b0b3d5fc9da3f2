"""A second classifier on the same posts, to see what it would do: it scores beside the first, and acts on nothing.

Where its heads stand on the layers that the first one runs, they are applied to the same features, and no text is encoded
twice. One whose layers were tuned otherwise runs an engine of its own and reads the texts itself, which doubles the work.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from models.base import DEFAULT_CACHE, Wanted
from models.built import load_build
from models.classifier import Assessment, Classifier
from models.engines import Running
from models.errors import ModelError
from models.heads import Heads, load_heads

_PROBE = "bonjour"

Later = Callable[[], list[Assessment]]


class Pair:
    """The classifier that acts, and its shadow."""

    def __init__(self, active: Classifier, shadow: Classifier) -> None:
        if active.lanes != shadow.lanes:
            raise ModelError(
                f"the shadow has the lanes {', '.join(shadow.lanes)}, and what it is compared with "
                f"{', '.join(active.lanes)}: they cannot be compared"
            )
        if not shadow.can_flag:
            raise ModelError(
                f"the shadow is not calibrated for the engine {shadow.engine}, on which it would flag nobody: run "
                f"`fanal model build --engine {shadow.engine}` with its folder as model.artefact, or choose another engine"
            )
        self.active = active
        self.shadow = shadow
        self.model = active.model
        self.lanes = active.lanes

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> tuple[list[Assessment], Later]:
        """Give what the active one holds each text to be, and a call that gives what the shadow does.

        The call may be made later and on another thread, at most once; whatever it raises has no bearing on the former.
        """
        if not texts:
            return [], list
        if not self.active.shares_engine(self.shadow):
            return self.active.assess(texts, langs), partial(self.shadow.assess, texts, langs)
        features = self.active.features(texts)
        return self.active.judge(features, langs), partial(self.shadow.judge, features, langs)


def load_pair(active: Classifier, artefact: Path, cache: Path | None = None, weights: Wanted | None = None) -> Pair:
    """Put the heads of an artefact beside a classifier: on its engine, or on one of the same name over layers of their own.

    `cache` and `weights` are those of the base, as `models.base.load_base` takes them.

    A `ModelError` where they cannot be read, belong to another base, are not calibrated for the engine, have other lanes, or
    fail on a plain word.
    """
    heads = load_heads(artefact)
    if heads.base_sha256 != active.base_sha256:
        raise ModelError(
            f"{artefact}: it was trained on other base weights ({heads.base_sha256[:12]}…) than run here "
            f"({active.base_sha256[:12]}…): train it again on these, python -m models.train --base ..."
        )
    try:
        pair = Pair(active, _beside(active, heads, artefact, cache, weights))
    except ModelError as error:
        raise ModelError(f"{artefact}: {error}") from None
    _, later = pair.assess([_PROBE], ["fr"])
    try:
        later()
    except Exception as error:  # numpy's, of heads that are of another width, or whose calibration lacks a lane
        raise ModelError(f"{artefact}: its heads do not work on these features ({type(error).__name__})") from None
    return pair


def _beside(active: Classifier, heads: Heads, artefact: Path, cache: Path | None, weights: Wanted | None) -> Classifier:
    if not active.can_lend(heads):
        return Classifier.load(artefact, cache, weights, Running(active.engine))
    build = load_build((cache or DEFAULT_CACHE).expanduser(), heads.base_sha256, heads)
    built = build.engines.get(active.engine) if build else None
    return active.beside(heads, built.calibration if built else None)
