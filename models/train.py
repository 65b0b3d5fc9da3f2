"""Train the heads: `python -m models.train --background FILE [--realstyle FILE]`.

The features of every post are read once and kept; the heads are fitted out of fold to calibrate and to measure them,
then on everything. The same inputs on the same machine give the same artefact.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from models.background import sample_background
from models.calibrate import calibrate
from models.card import render_card
from models.dataset import Row, build_rows
from models.encoder import Encoder
from models.examples import CORPUS, KINDS, LANES, read_corpus, read_realstyle
from models.features import FeatureCache
from models.fitting import Features, cross_fit, fit
from models.heads import ARTEFACT, Heads, Logits, save_heads
from models.judging import judge

VERSION = "0.1.0"

_FEATURES = Path.home() / ".cache" / "fanal" / "features"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line and write the artefact."""
    options = _parse(arguments)
    encoder = Encoder.load(options.cache, progress=_show)
    rows = load_rows(options)
    features = load_features(rows, encoder, options.features)
    with threadpool_limits(1):
        heads, unseen = train(features, rows, encoder)
    training = describe(rows, options.seed)
    save_heads(heads, options.out, training)
    (options.out / "README.md").write_text(render_card(heads, training, judge(unseen, rows)), encoding="utf-8")
    _show(f"artefact written to {options.out}", 1.0)


def train(features: Features, rows: Sequence[Row], encoder: Encoder) -> tuple[Heads, Logits]:
    """Fit and calibrate the heads; give them and the out-of-fold logits that they were calibrated on."""
    _show("fitting out of fold", 0.0)
    unseen = cross_fit(features, rows)
    calibration = calibrate(unseen, rows)
    _show("fitting on everything", 0.8)
    whole = fit(features, rows)
    calibrations = {encoder.engine: calibration}
    return Heads(VERSION, KINDS, LANES, encoder.base_sha256, whole.stream, whole.near, calibrations), unseen


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
    parser.add_argument("--cache", type=Path, help="where the base encoder is kept")
    parser.add_argument("--features", type=Path, default=_FEATURES, help="where features are kept")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    add_options(parser)
    parser.add_argument("--out", type=Path, default=ARTEFACT)
    return parser.parse_args(arguments)


def _show(stage: str, share: float) -> None:
    """Draw a progress bar on the terminal's error stream."""
    filled = round(30 * share)
    end = "\n" if share >= 1.0 else ""
    print(f"\r{stage:<40} [{'█' * filled}{'·' * (30 - filled)}] {share:4.0%}", end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
