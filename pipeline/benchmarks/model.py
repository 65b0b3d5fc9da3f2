"""How fast each engine reads posts, beside what `transformers.pipeline` does on the same ones in the same run.

A round runs every engine, and the baseline, one after the other over the same cleaned posts; of each the median round
counts. So other work on the machine meets all of them alike. Features are read, nothing is decided: that costs little.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from models.agreement import Agreement
from models.background import sample_background
from models.base import Base, Wanted, load_base
from models.baseline import BATCHES, Baseline
from models.built import Build, load_build
from models.calibration import Calibration
from models.comparing import Reading, compare
from models.dataset import Row
from models.encoder import Encoder
from models.engines import F32, Sizing, cpu_flags, native_engines
from models.errors import ModelError
from models.heads import ARTEFACT, Heads, load_heads
from models.peak import gemm_peak, useful_flops
from models.runners import Features
from pipeline.benchmarks.load import sample_posts
from pipeline.screen.clean import clean
from pipeline.screen.language import Languages
from pipeline.settings import Settings

BASELINE_POSTS = 256  # of all, evenly: the baseline is slow
_SEED = 7

Read = Callable[[Sequence[str]], object]


@dataclass(frozen=True, slots=True)
class Rate:
    """Posts a second of wall clock, and of the processor's time over all cores: the median of the rounds."""

    posts_per_s: float
    posts_per_cpu_s: float


@dataclass(frozen=True, slots=True)
class Contender:
    """What is measured: its name, how it reads, and the posts that it is given in a round."""

    name: str
    read: Read
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: engines and the base that they run, the heads to compare by, what was built, posts, rounds."""

    base: Base
    heads: Heads
    build: Build | None
    engines: Sequence[str]
    threads: int | None
    rows: Sequence[Row]
    rounds: int
    say: Callable[[str], None]

    def encoder(self, engine: str) -> Encoder:
        """Open an engine, in the size that the build found best where it was built."""
        built = self.build.engines.get(engine) if self.build else None
        sizing = built.sizing if built and not self.threads else Sizing(self.threads)
        return Encoder(self.base, engine, sizing, self.build.folder if self.build else None)

    def calibration(self, engine: str) -> Calibration | None:
        """Give the calibration for an engine, of its build or of the artefact."""
        built = self.build.engines.get(engine) if self.build else None
        return built.calibration if built else self.heads.calibrations.get(engine)


def plan_of(
    settings: Settings, rows: Sequence[Row], rounds: int, engines: Sequence[str], say: Callable[[str], None]
) -> Plan:
    """Plan to measure engines with the settings' weights and heads: fp32 and those named, or all that can run here."""
    cache = settings.cache / "models"
    base = load_base(cache, Wanted(settings.model.base, settings.model.base_sha256))
    heads = load_heads(settings.model.artefact or ARTEFACT)
    build = load_build(cache, base.sha256, heads)
    base = heads.tune(base)
    chosen = engines or [*native_engines(cpu_flags()), *(build.engines if build else ())]
    unique = list(dict.fromkeys([F32, *chosen]))
    return Plan(base, heads, build, unique, settings.model.threads or None, rows, rounds, say)


def rows_to_read(background: Path | None, count: int) -> list[Row]:
    """Give the sample posts, or so many of a file of background, cleaned and in the language that is found."""
    languages = Languages()
    if background:
        found = [(clean(post.text), "background") for post in sample_background(background, count, _SEED)]
    else:
        found = [(clean(post.text), "samples") for post in sample_posts()]
    return [Row(text, languages.identify(text)[0], "", 0, origin, origin, False, True) for text, origin in found]


def measure(plan: Plan) -> list[dict[str, Any]]:
    """Measure every engine of the plan; a row of figures for each, in their order."""
    texts = [row.text for row in plan.rows]
    encoders = {engine: plan.encoder(engine) for engine in plan.engines}
    plan.say(f"reading {len(texts)} posts once on every engine, to compare them")
    agreed = _agreements(plan, {engine: one.encode(texts) for engine, one in encoders.items()})
    contenders = [Contender(engine, one.encode, texts) for engine, one in encoders.items()]
    rates = _rates(contenders + _baselines(plan.base, texts, plan.say), plan.rounds, plan.say)
    baseline = max((rate.posts_per_s for name, rate in rates.items() if name not in encoders), default=None)
    flops = useful_flops(plan.base, encoders[F32].lengths(texts)) / len(texts)
    return [
        {"engine": engine, "place": one.runner.place}
        | _speed(rates[engine], baseline)
        | _share_of_peak(rates[engine].posts_per_s * flops, one, plan.threads)
        | {"agreement": asdict(agreed[engine]) if engine in agreed else None}
        for engine, one in encoders.items()
    ]


def _agreements(plan: Plan, features: Mapping[str, Features]) -> dict[str, Agreement]:
    """Compare each calibrated engine with fp32."""
    calibrations = {engine: plan.calibration(engine) for engine in features}
    readings = {name: Reading(plan.heads(features[name]), one) for name, one in calibrations.items() if one}
    reference = readings.pop(F32)
    return {engine: compare(reference, reading, plan.rows) for engine, reading in readings.items()}


def _baselines(base: Base, texts: Sequence[str], say: Callable[[str], None]) -> list[Contender]:
    """Give the pipeline of transformers in each of its batches; none, and one line why, where it is not installed."""
    try:
        baseline = Baseline(base)
    except ModelError as error:
        say(f"no baseline: {error}")
        return []
    some = texts[:: max(1, len(texts) // BASELINE_POSTS)]
    return [Contender(f"transformers, batch {one}", partial(baseline.read, batch=one), some) for one in BATCHES]


def _rates(contenders: Sequence[Contender], rounds: int, say: Callable[[str], None]) -> dict[str, Rate]:
    found: dict[str, list[Rate]] = {one.name: [] for one in contenders}
    for number in range(rounds):
        for one in contenders:
            rate = _timed(one)
            found[one.name].append(rate)
            say(f"round {number + 1} of {rounds}: {one.name} {rate.posts_per_s:.1f} posts/s")
    return {
        name: Rate(median(one.posts_per_s for one in rates), median(one.posts_per_cpu_s for one in rates))
        for name, rates in found.items()
    }


def _timed(contender: Contender) -> Rate:
    wall, cpu = time.perf_counter(), time.process_time()
    contender.read(contender.texts)
    count = len(contender.texts)
    return Rate(count / (time.perf_counter() - wall), count / (time.process_time() - cpu))


def _speed(rate: Rate, baseline: float | None) -> dict[str, Any]:
    return {
        "posts_per_s": round(rate.posts_per_s, 1),
        "posts_per_cpu_s": round(rate.posts_per_cpu_s, 1),
        "baseline_posts_per_s": baseline and round(baseline, 1),
        "speedup": baseline and round(rate.posts_per_s / baseline, 2),
    }


def _share_of_peak(done: float, encoder: Encoder, threads: int | None) -> dict[str, Any]:
    """Set the useful operations done in a second beside the best that plain matrix products reach in the same place."""
    peak = gemm_peak(encoder.engine, threads, encoder.runner.place)
    return {"of_peak": round(done / peak, 3), "peak_gflops": round(peak / 1e9)}
