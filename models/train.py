"""Train the classifier: `python -m models.train --background FILE [--realstyle FILE]`.

What the layers that stay as they are make of each post is read once and kept. The last layers and the heads are trained out
of fold to calibrate and to measure them (a fold that was trained before is not trained again), then on everything. The
calibration is that of f32; it is carried over to each engine that the processor runs natively, and torch in f32 gives the golden
scores that all are held against. The same inputs on the same machine give the same artefact.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.background import sample_background
from models.base import Base, Progress, Wanted, load_base
from models.blending import cross_blend, fit_blend, frozen_width, some_rows
from models.calibrate import calibrate
from models.card import render_card
from models.comparing import agreements
from models.dataset import FOLDS, Row, build_rows
from models.encoder import Encoder
from models.engines import ENGINES, F32, INT8, cpu_flags, native_engines
from models.examples import CORPUS, KINDS, LANES, read_corpus, read_realstyle
from models.features import FeatureCache
from models.fitting import Features, fit_subtypes, with_scaling
from models.golden import choose, compute_golden, save_golden
from models.heads import ARTEFACT, Heads, Logits, save_heads
from models.heldout import save_held_out
from models.judging import judge
from models.states import read_states
from models.transfer import transfer
from models.tuning import Material

VERSION = "0.1.0"

_NOISE_POSTS = 6000
_COMPARED = 10_000  # background posts on which engines are compared, beside all examples
_FEATURES = Path.home() / ".cache" / "fanal" / "features"


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from the command line and write the artefact."""
    options = _parse(arguments)
    base = named_base(options)
    rows = load_rows(options)
    material, noise = load_material(base, rows, options)
    unseen = cross(material, noise, options)
    heads = train(material, noise, unseen, options)
    training = describe(rows, options.seed)
    save_heads(heads, options.out, training)
    save_held_out(unseen, rows, options.out)
    save_golden(compute_golden(heads, choose(read_corpus(options.corpus)), base), options.out)
    judged = judge(unseen, rows, with_scaling)
    (options.out / "README.md").write_text(render_card(heads, training, judged), encoding="utf-8")
    _show(f"artefact written to {options.out}", 1.0)
    for engine, agreement in heads.agreements.items():
        print(f"{engine} {agreement}")
    print(f"before it takes the place of another: fanal model compare {ARTEFACT} {options.out} --gate")


def load_material(base: Base, rows: Sequence[Row], options: argparse.Namespace) -> tuple[Material, Features | None]:
    """Read the rows as far as the layers that stay as they are; and by how much int8 moves what is read."""
    width = frozen_width(len(base.layers) * base.shape.hidden)
    frozen = load_features(rows, Encoder(base), options.features)[:, :width]
    noise = measure_noise(base, rows, options.features)
    states = read_states(base, [row.text for row in rows], options.features, _show)
    return Material(base, rows, states, frozen), None if noise is None else noise[:, :width]


def measure_noise(base: Base, rows: Sequence[Row], folder: Path) -> Features | None:
    """Read some rows in int8 and give by how much its features differ from those in f32; None where the processor lacks it."""
    if INT8 not in native_engines(cpu_flags()):
        return None
    some = rows[:: max(1, len(rows) // _NOISE_POSTS)]
    return load_features(some, Encoder(base, INT8), folder) - load_features(some, Encoder(base, F32), folder)


def cross(material: Material, noise: Features | None, options: argparse.Namespace) -> Logits:
    """Give every row's logits from a training that saw nothing of its like; see `models.blending.cross_blend`."""

    def progress(fold: int) -> Progress:
        return lambda stage, share: _show(f"fold {fold + 1} of {FOLDS}: {stage}", share)

    return cross_blend(material, noise, options.seed, options.features, progress)


def train(material: Material, noise: Features | None, unseen: Logits, options: argparse.Namespace) -> Heads:
    """Fit on everything, and calibrate each engine: f32 on the held-out logits, the others by how they differ from it."""
    rows = material.rows
    blend = fit_blend(material, np.arange(len(rows)), noise, options.seed, _show)
    own = with_scaling(calibrate(unseen, rows), unseen, rows)
    heads = Heads(
        VERSION,
        KINDS,
        LANES,
        material.base.sha256,
        blend.heads.stream,
        blend.heads.near,
        {F32: own},
        tuned=blend.layers,
        subtypes=fit_subtypes(material.frozen, rows),
    )
    some = some_rows(rows, _COMPARED)
    tuned, compared = heads.tune(material.base), [rows[place] for place in some]
    texts = [row.text for row in compared]
    features = {
        engine: Encoder(tuned, engine).encode(texts, _show) for engine in dict.fromkeys([F32, *options.engines])
    }
    reference = heads(features[F32])
    others = {engine: transfer(own, reference, heads(one)) for engine, one in features.items() if engine != F32}
    heads = replace(heads, calibrations={F32: own, **others})
    return replace(heads, agreements=agreements(heads, features, compared))


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
    parser.add_argument("--out", type=Path, default=Path("build") / "artefact", help="the new folder (build/artefact)")
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
