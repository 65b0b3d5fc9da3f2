"""Train the heads: `python -m models.train --background FILE [--realstyle FILE]`.

The features of every post are read once an engine and kept; the heads are fitted out of fold to calibrate and to measure
them, then on everything. They learn from the features in f32, whose calibration is carried over to each engine that the processor
runs natively, and torch in f32 gives the golden scores that all are held against. The same inputs on the same
machine give the same artefact.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from models.background import sample_background
from models.base import Base, Wanted, load_base
from models.calibrate import calibrate
from models.card import render_card
from models.comparing import agreements
from models.dataset import Row, build_rows
from models.encoder import Encoder
from models.engines import ENGINES, F32, INT8, cpu_flags, native_engines
from models.examples import CORPUS, KINDS, LANES, read_corpus, read_realstyle
from models.features import FeatureCache
from models.fitting import Features, cross_read, fit
from models.golden import choose, compute_golden, save_golden
from models.heads import ARTEFACT, Heads, Logits, save_heads
from models.judging import judge
from models.transfer import transfer

VERSION = "0.1.0"

_NOISE_POSTS = 6000
_FEATURES = Path.home() / ".cache" / "fanal" / "features"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line and write the artefact."""
    options = _parse(arguments)
    base = named_base(options)
    rows = load_rows(options)
    features = {
        engine: load_features(rows, Encoder(base, engine), options.features)
        for engine in dict.fromkeys([F32, *options.engines])
    }
    noise = measure_noise(base, rows, options.features)
    with threadpool_limits(1):
        heads, unseen = train(features, rows, base.sha256, noise)
    training = describe(rows, options.seed)
    save_heads(heads, options.out, training)
    save_golden(compute_golden(heads, choose(read_corpus(options.corpus)), base), options.out)
    (options.out / "README.md").write_text(render_card(heads, training, judge(unseen, rows)), encoding="utf-8")
    _show(f"artefact written to {options.out}", 1.0)
    for engine, agreement in heads.agreements.items():
        print(f"{engine} {agreement}")


def measure_noise(base: Base, rows: Sequence[Row], folder: Path) -> Features | None:
    """Read some rows in int8 and give by how much its features differ from those in f32; None where the processor lacks it."""
    if INT8 not in native_engines(cpu_flags()):
        return None
    some = rows[:: max(1, len(rows) // _NOISE_POSTS)]
    return load_features(some, Encoder(base, INT8), folder) - load_features(some, Encoder(base, F32), folder)


def train(
    features: Mapping[str, Features], rows: Sequence[Row], base_sha256: str, noise: Features | None = None
) -> tuple[Heads, Logits]:
    """Fit the heads on the features in f32 and calibrate them for each engine whose features are given.

    `noise` is what `measure_noise` gives. Gives the heads and the out-of-fold logits that they were calibrated on in f32.
    """
    _show("fitting out of fold", 0.0)
    found = cross_read(features[F32], rows, list(features.values()), noise)
    unseen = dict(zip(features, found, strict=True))
    _show("fitting on everything", 0.8)
    whole = fit(features[F32], rows, noise)
    own = calibrate(unseen[F32], rows)
    others = {engine: transfer(own, unseen[F32], logits) for engine, logits in unseen.items() if engine != F32}
    calibrations = {F32: own, **others}
    heads = Heads(VERSION, KINDS, LANES, base_sha256, whole.stream, whole.near, calibrations)
    return replace(heads, agreements=agreements(heads, features, rows)), unseen[F32]


def load_rows(options: argparse.Namespace) -> list[Row]:
    """Read the corpus, the extra examples and the background sample that the options name."""
    examples = read_corpus(options.corpus)
    if options.realstyle:
        examples += read_realstyle(options.realstyle)
    return build_rows(examples, sample_background(options.background, options.sample, options.seed))


def load_features(rows: Sequence[Row], encoder: Encoder, folder: Path) -> Features:
    """Give the rows' features, from the cache where they are in it."""
    cache = FeatureCache(folder / f"{encoder.engine}-{encoder.base_sha256[:12]}", encoder.encode)
    return cache.features([row.text for row in rows], lambda share: _show("reading posts", share))


def named_base(options: argparse.Namespace) -> Base:
    """Load the base encoder that the options name."""
    return load_base(options.cache, Wanted(options.base, options.base_sha256), _show)


def describe(rows: Sequence[Row], seed: int) -> dict[str, Any]:
    """Give the counts that the artefact and its card state."""
    own = [row for row in rows if not row.is_background]
    return {
        "seed": seed,
        "examples": dict(sorted(Counter(row.origin for row in own).items())),
        "kinds": dict(sorted(Counter(row.kind for row in own).items())),
        "measured": sum(row.is_background and row.measured for row in rows),
        "background": dict(sorted(Counter(row.group for row in rows if row.is_background).items())),
    }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and evaluation share."""
    parser.add_argument("--background", type=Path, required=True, help="JSON lines, gzipped: text, lang, source")
    parser.add_argument("--realstyle", type=Path, help="JSON lines of further examples")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--sample", type=int, default=60_000, help="background posts to use")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--base", help="the base encoder, as the setting model.base names one (default: the pinned package)"
    )
    parser.add_argument("--base-sha256", help="the checksum that its weights must have")
    parser.add_argument("--cache", type=Path, help="where the base encoder is kept")
    parser.add_argument("--features", type=Path, default=_FEATURES, help="where features are kept")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    add_options(parser)
    parser.add_argument("--out", type=Path, default=ARTEFACT)
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=ENGINES,
        default=native_engines(cpu_flags()),
        help="engines to calibrate beside f32 (default: those that this processor runs natively)",
    )
    return parser.parse_args(arguments)


def _show(stage: str, share: float) -> None:
    """Draw a progress bar on the terminal's error stream."""
    filled = round(30 * share)
    end = "\n" if share >= 1.0 else ""
    print(f"\r{stage:<40} [{'█' * filled}{'·' * (30 - filled)}] {share:4.0%}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
