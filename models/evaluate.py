"""Measure the classifier on what it has not seen: `python -m models.evaluate --background FILE [--realstyle FILE]`.

Every figure is held out three times: the heads saw neither the author or article of an example, nor the data set of a
background post, nor were the thresholds set on either. The artefact itself is fitted on all of it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from models.judging import judge
from models.report import render_figures
from models.train import add_options, cross, load_material, load_rows, named_base

FIGURES = Path(__file__).parent.parent / "docs" / "model" / "figures.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure from the command line and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    add_options(parser)
    parser.add_argument("--out", type=Path, default=FIGURES)
    options = parser.parse_args(arguments)
    rows = load_rows(options)
    base = named_base(options)
    logits = cross(*load_material(base, rows, options), options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(render_figures(judge(logits, rows)), encoding="utf-8")
    print(f"figures written to {options.out}")


if __name__ == "__main__":
    main()
