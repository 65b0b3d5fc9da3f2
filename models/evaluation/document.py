"""The whole evaluation: as a document with its plots, and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.evaluation.figures import tables
from models.evaluation.plots import plot
from models.evaluation.reliability import Reliability, reliabilities, render_reliability
from models.evaluation.tables import Table, render
from models.evaluation.targets import Reached, headline, render_headline
from models.judging import Judged

DOCUMENT = "figures.md"

HEADER = """# Figures of the classifier

Written by `fanal model evaluate`. Every figure is held out: the heads saw neither the author or article of an example nor
the data set of a background post, and the thresholds were set on other folds. The strengths of the regressions were chosen on the
same folds, so the figures are somewhat kind. Shares are given with their 95 % Wilson interval and their counts. Examples are
synthetic, and no native speaker has reviewed them: a figure on them is kinder than the world.
"""

_MET = """A target is met where the figure itself reaches it; its interval may lie on both sides. The worst of many languages is low
by chance too: look at its interval. The parity's difference has Newcombe's interval.
"""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured."""

    reached: list[Reached]
    tables: list[Table]
    reliabilities: list[Reliability]

    def as_json(self) -> dict[str, Any]:
        """Give all figures with their counts and bounds."""
        return {
            "targets": [one.as_json() for one in self.reached],
            "tables": {table.name: table.as_json() for table in self.tables},
            "reliability": {one.kind: one.as_json() for one in self.reliabilities},
        }


def measure(judged: Sequence[Judged]) -> Evaluation:
    """Measure rows that were judged as if their like had never been seen."""
    return Evaluation(headline(judged), tables(judged), reliabilities(judged))


def write(evaluation: Evaluation, folder: Path) -> Path:
    """Write the document and its plots into a folder; gives the path of the document."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = [HEADER, render_headline(evaluation.reached), _MET, *map(render, evaluation.tables)]
    parts.append(render_reliability(evaluation.reliabilities))
    (folder / DOCUMENT).write_text("\n".join(parts), encoding="utf-8")
    bins = {one.kind: [(some.score, some.share) for some in one.bins] for one in evaluation.reliabilities}
    curves = {one.kind: one.curve for one in evaluation.reliabilities}
    drawn = {
        "reliability.svg": plot(
            "Held-out examples and background", ("mean score", "share of the kind"), bins, diagonal=True
        ),
        "precision-recall.svg": plot("Held-out examples and background", ("recall", "precision"), curves),
    }
    for name, picture in drawn.items():
        (folder / name).write_text(picture, encoding="utf-8")
    return folder / DOCUMENT
