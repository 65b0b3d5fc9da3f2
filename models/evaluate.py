"""Judge all that the classifier learns from as if it had not seen its like: the ground of `fanal model evaluate`.

Every figure is held out three times: the heads saw neither the author or article of an example, nor the data set of a
background post, nor were the thresholds set on either. The artefact itself is fitted on all of it.
"""

import argparse
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models.errors import ModelError
from models.evaluation.document import Evaluation, measure
from models.examples import CORPUS
from models.judging import judge

_NEEDS = "an evaluation trains what was not trained before: install the extra, pip install 'fanal[train]' ({missing} is missing)"


@dataclass(frozen=True, slots=True)
class Inputs:
    """What to measure on: the same files, sample and seed as of the training, so that nothing is trained again.

    `base` and `base_sha256` name the encoder as the settings do, `cache` is where it is kept, `features` where training
    keeps what it has read and its folds.
    """

    background: Path
    features: Path
    cache: Path
    realstyle: Path | None = None
    corpus: Path = CORPUS
    sample: int = 60_000
    seed: int = 7
    base: str | None = None
    base_sha256: str | None = None


def evaluate(inputs: Inputs) -> Evaluation:
    """Train each fold that was not trained before, and measure the held-out rows.

    Raises:
        ModelError: the extra `train`, the base or a file is missing or of no use.
    """
    try:
        from models.fitting import cross_subtypes, with_scaling
        from models.train import cross, load_material, load_rows, named_base
    except ImportError as error:
        raise ModelError(_NEEDS.format(missing=error.name)) from None

    options = argparse.Namespace(**asdict(inputs))
    rows = load_rows(options)
    material, noise = load_material(named_base(options), rows, options)
    judged = judge(cross(material, noise, options), rows, with_scaling)
    names = cross_subtypes(material.frozen, rows)
    return measure([replace(one, subtypes=some) for one, some in zip(judged, names, strict=True)])
