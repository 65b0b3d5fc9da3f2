"""What the pipeline asks: given texts and their languages, what is each post, and does it go before a person?"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.agreement import Agreement
from models.base import DEFAULT_CACHE, Progress, Wanted, load_base, silent
from models.built import load_build
from models.calibration import Array, Calibration
from models.decision import Decision, Lane, Level, decide, reachable, scores
from models.engines import DEFAULT, Running, choose_engine, cpu_flags
from models.errors import ModelError
from models.features import last_layer
from models.golden import Golden, against_golden
from models.heads import ARTEFACT, Heads, Logits, load_heads
from models.measured import LocalStatistics
from models.scores import near_odds
from models.tuned import same_layers


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the classifier holds a post to be: an assessment, not a fact.

    `scores` holds a score for every kind, which sum to one; see `models.decision.scores`. `lane` and `level` are set
    where the post reached a lane's threshold; `flagged` means the lane `offers`. `model` names the heads and the engine.
    Where `calibrated` is false, the rate of false hits was never measured on posts of its language: see
    `models.calibration.Calibration`.
    `odds` are the two scores of an offer: standardised log-odds against the stream, less the penalty of an uncalibrated
    language, and near log-odds (zeros without a calibration).
    `subtypes` are those of its kind that are likeliest, one or two; none for benign posts.
    `context` names what around the post raised it to review, see `models.context`.
    `vector` is what the encoder's last layer has of it, [hidden], of no set length; None where no encoder read it.
    """

    kind: str
    scores: dict[str, float]
    lane: Lane | None
    flagged: bool
    level: Level | None
    model: str
    calibrated: bool
    odds: tuple[float, float] = (0.0, 0.0)
    context: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    vector: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What n texts read like, nothing decided: as offers (`odds` [n, 2], as in `Assessment`), by kind, and as victims."""

    odds: Array
    scores: Array
    victims: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sifted:
    """Some texts, read once, before their languages are known.

    `suspects` are the places (from 0) of those that would reach a lane in some language: the others are benign in whatever
    language they are written. `assess` gives the assessments of the texts at some places, each in its language.
    """

    suspects: Sequence[int]
    assess: Callable[[Sequence[int], Sequence[str]], Sequence[Assessment]]


class Engine(Protocol):
    """What turns texts into features: its name with the precision, the base that it runs, and the call."""

    @property
    def engine(self) -> str:
        """Name the engine and its precision, as calibrations are filed under it."""

    @property
    def base_sha256(self) -> str:
        """Name the base weights that it runs."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the features [n, width] of the texts, in their order."""

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Give how many tokens of each text are encoded."""


class Classifier:
    """The heads on an engine. One thread at a time may call it; which one does not matter."""

    def __init__(self, heads: Heads, engine: Engine, calibration: Calibration | None = None) -> None:
        heads.refuse_other(engine.base_sha256)
        self.labels = heads.labels
        self.engine = engine.engine
        self.base_sha256 = engine.base_sha256
        self.model = f"fanal-{heads.version}+{engine.engine}"
        self.heads = heads
        self.heads_digest = heads.digest
        self._engine = engine
        self._shipped = self._calibration = calibration or heads.calibrations.get(engine.engine)
        self.statistics: LocalStatistics | None = None

    @classmethod
    def load(
        cls,
        artefact: Path = ARTEFACT,
        cache: Path | None = None,
        weights: Wanted | Path | str | None = None,
        running: Running = DEFAULT,
        progress: Progress = silent,
    ) -> "Classifier":
        """Load the heads, and the base encoder as `models.base.load_base` does with `cache` and `weights`.

        `running` names the engine, or `auto`: what `fanal model build` kept for this base and these heads, else what needs
        no build (see `models.engines.choose_engine`). A built engine decides by the calibration of its build.
        """
        from models.encoder import Encoder

        heads = load_heads(artefact)
        base = heads.tune(load_base(cache, weights, progress))
        build = load_build((cache or DEFAULT_CACHE).expanduser(), base.sha256, heads)
        built = build.engines if build else {}
        engine = choose_engine(running.engine, cpu_flags(), [*heads.trusted, *built], build.kept if build else None)
        one = built.get(engine)
        sizing = one.sizing if one and not running.sizing.threads else running.sizing
        encoder = Encoder(base, engine, sizing, build.folder if build else None)
        return cls(heads, encoder, one.calibration if one else None)

    def with_statistics(self, statistics: LocalStatistics) -> "Classifier":
        """Give one that decides by spreads that were measured here; those of another artefact or engine are a `ModelError`."""
        statistics.refuse_other(self.heads.digest, self.engine, self.lanes)
        found = Classifier(self.heads, self._engine, self._shipped)
        found._calibration = statistics.refine(self.shipped)
        found.statistics = statistics
        return found

    @property
    def shipped(self) -> Calibration:
        """The calibration of the artefact, or of the engine's build; without one this is a `ModelError`."""
        if self._shipped is None:
            raise ModelError(f"the artefact is not calibrated for {self.engine}: run `fanal model build`")
        return self._shipped

    @property
    def calibration(self) -> Calibration:
        """The calibration that decides: the shipped one, with the local statistics where there are some."""
        return self._calibration or self.shipped

    @property
    def decides_by(self) -> str:
        """Twelve hexadecimal digits that stand for the calibration that decides: others for other thresholds or spreads."""
        text = json.dumps(asdict(self.calibration), sort_keys=True, default=repr)
        return sha256(text.encode("utf-8")).hexdigest()[:12]

    @property
    def can_flag(self) -> bool:
        """Whether the artefact is calibrated for the engine: without that it scores and never flags."""
        return self._calibration is not None

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lanes, in the order of the columns of `above_review`."""
        return tuple(self.heads.lanes)

    def beside(self, heads: Heads, calibration: Calibration | None = None) -> "Classifier":
        """Give a classifier with other heads on the same engine; a `ModelError` where they belong to another base or layers."""
        if not self.can_lend(heads):
            raise ModelError("its layers were tuned otherwise than those that run here: it needs an engine of its own")
        return Classifier(heads, self._engine, calibration)

    def can_lend(self, heads: Heads) -> bool:
        """Tell whether other heads stand on the same layers, so that this one's engine serves them."""
        return same_layers(heads.tuned, self.heads.tuned)

    def shares_engine(self, other: "Classifier") -> bool:
        """Tell whether the other's heads stand on the very engine of this one, so that features serve both."""
        return self._engine is other._engine

    def features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Give the features [n, width] of the texts: all of the work that other heads on the same engine need not repeat."""
        return self._engine.encode(texts)

    def lengths(self, texts: Sequence[str]) -> Sequence[int]:
        """Give how many tokens of each text are read."""
        return self._engine.lengths(texts)

    def above_review(self, texts: Sequence[str], langs: Sequence[str]) -> Array:
        """Give how far each lane's stream log-odds lie above its review threshold, [n, lanes].

        The unit is a standard deviation of the background of the text's language. Without a calibration these are the
        log-odds themselves.
        """
        odds = self.heads(self._engine.encode(texts)).stream
        return self._calibration.above_review(odds, langs) if self._calibration else odds

    def logits(self, texts: Sequence[str]) -> Logits:
        """Give what the heads say of the texts, before any calibration."""
        return self.heads(self._engine.encode(texts))

    def score(self, texts: Sequence[str], langs: Sequence[str]) -> Array:
        """Give the scores of the texts, [n, labels], as `models.decision.scores` does; no lane is decided."""
        return scores(self.heads(self._engine.encode(texts)), langs, self.labels, self.heads.lanes, self._calibration)

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> list[Assessment]:
        """Assess the texts, each in its language (a code of the taxonomy, or any other), in their order."""
        return self.judge(self._engine.encode(texts), langs) if texts else []

    def sift(self, texts: Sequence[str]) -> Sifted:
        """Read the texts, and tell whose language is worth asking for: thresholds belong to languages."""
        features = self._engine.encode(texts)
        found = reachable(self.heads(features), self.labels, self.heads.lanes, self._calibration)
        return Sifted(np.flatnonzero(found).tolist(), lambda places, langs: self.judge(features[list(places)], langs))

    def judge(self, features: NDArray[np.float32], langs: Sequence[str]) -> list[Assessment]:
        """Assess texts by their features [n, width], as `features` gave them."""
        logits = self.heads(features)
        decisions = decide(logits, langs, self.labels, self.heads.lanes, self._calibration)
        reading = self._reading(logits, langs)
        rows = zip(decisions, reading.scores.tolist(), reading.odds.tolist(), langs, strict=True)
        vectors = zip(rows, last_layer(features), strict=True)
        found = [replace(self._assessment(*row), vector=vector) for row, vector in vectors]
        if self.heads.subtypes is None or logits.subtypes is None:
            return found
        names = self.heads.subtypes.named(logits.subtypes, [one.kind for one in found])
        return [replace(one, subtypes=of) for one, of in zip(found, names, strict=True)]

    def read(self, texts: Sequence[str], langs: Sequence[str]) -> Reading:
        """Read texts that are no posts by themselves: a post in its context. No lane is decided."""
        return self._reading(self.heads(self.features(texts)), langs)

    def _reading(self, logits: Logits, langs: Sequence[str]) -> Reading:
        found = scores(logits, langs, self.labels, self.heads.lanes, self._calibration)
        offers, protection = (list(self.heads.lanes).index(lane) for lane in ("offers", "protection"))
        near = near_odds(logits, self.labels, self.heads.lanes)
        odds = np.zeros((len(langs), 2))
        if self._calibration is not None:
            stream = self._calibration.standardise(logits.stream, langs)[:, offers]
            penalties = [0.0 if self.is_calibrated(lang) else self.penalty for lang in langs]
            odds = np.stack([stream - penalties, near[:, offers]], axis=1)
        return Reading(odds, found, near[:, protection] > near[:, offers])

    def is_calibrated(self, lang: str) -> bool:
        """Whether the rate of false hits of the language was measured, for the engine that runs."""
        return self._calibration is not None and self._calibration.is_calibrated(lang)

    @property
    def penalty(self) -> float:
        """What is added to the thresholds of languages that are not, in standard deviations."""
        return self._calibration.penalty if self._calibration else 0.0

    def compare_with(self, golden: Golden) -> Agreement:
        """Hold the engine against the golden scores by the shipped calibration, for local statistics are no part of it."""
        return against_golden(golden, self.heads, self._engine, self.shipped)

    def _assessment(self, decision: Decision, found: list[float], odds: list[float], lang: str) -> Assessment:
        named = dict(zip(self.labels, found, strict=True))
        lane, (stream, near) = decision.lane, odds
        return Assessment(
            decision.kind,
            named,
            lane,
            lane == "offers",
            decision.level,
            self.model,
            self.is_calibrated(lang),
            odds=(stream, near),
        )
