"""Measure what context adds: `python -m models.context_figures --background FILE` writes docs/model/context.md.

Measured are authors of threads and background posts that the weights were not chosen on, and, as a check, the other halves by
weights fitted anew on these.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.classifier import Assessment, Classifier
from models.context import Weights, load_weights
from models.context_fit import BAND_SHARE, Ground, add_options, fit_weights, open_classifier, read_ground
from models.context_rows import Rows, around
from models.errors import ModelError
from models.in_context import InContext
from models.measures import Share, share_of
from models.surroundings import Recent, Surroundings
from models.threads import Thread

FIGURES = Path(__file__).parent.parent / "docs" / "model" / "context.md"

_HEAD = """# What context adds

Written by `python -m models.context_figures`. Threads are in [the corpus](../../models/corpus/threads/README.md): each line stands
once in a smuggler's or recruiter's channel and once in an innocent one, so nothing of it alone can tell. Shares are given with their
95 % Wilson interval and their counts. No native speaker has reviewed the threads; the eight lines of a language are those of
every other in translation, so the counts hold less than as many independent posts would. `STRENGTH` and `DEVIATIONS` in
`models/context_fit.py` were chosen with an eye on both halves: the figures are somewhat kind.

Context raises a post to review only. It never raises to alert, never lowers, and no post below the mean of its language's background.
"""

Show = Callable[[Thread, Recent], Surroundings]


@dataclass(frozen=True, slots=True)
class Measured:
    """A thread or a background post with its assessments, alone and in its context."""

    thread: Thread
    alone: Assessment
    within: Assessment


def measure(classifier: Classifier, weights: Weights, rows: Rows, show: Show = around) -> list[Measured]:
    """Assess rows alone and in what `show` shows of their surroundings."""
    texts, langs = [one.text for one in rows.threads], [one.lang for one in rows.threads]
    alone = classifier.assess(texts, langs)
    recents = [Recent(*row) for row in rows.recent.tolist()]
    shown = [show(thread, recent) for thread, recent in zip(rows.threads, recents, strict=True)]
    within = InContext(classifier, weights).reassess(texts, langs, shown, alone)
    return [Measured(*one) for one in zip(rows.threads, alone, within, strict=True)]


_SHOWN: dict[str, Show] = {
    "all of it": around,
    "the text replied to and the channel's name": lambda thread, _: around(thread),
    "the channel's recent posts": lambda _, recent: Surroundings(recent=recent),
}


def render(classifier: Classifier, weights: Weights, ground: Ground) -> str:
    """Give the figures as Markdown."""
    turned = ground.turned()
    threads = ground.threads.part(~ground.threads_fit)
    others = turned.threads.part(~turned.threads_fit)
    return "\n".join(
        [
            _HEAD,
            "## Threads of authors that the weights were not chosen on\n",
            _table(classifier, weights, threads),
            "The other half, by weights fitted on this one:\n",
            _table(classifier, fit_weights(turned, weights.heads), others),
            "## By language, all of the context, held-out authors\n",
            _by_language(measure(classifier, weights, threads)),
            "## Background posts in simulated channels\n",
            _background(classifier, weights, ground.background.part(~ground.background_fit)),
            "## How many recent posts it takes\n",
            _windows(classifier, weights, threads),
        ]
    )


def _table(classifier: Classifier, weights: Weights, rows: Rows) -> str:
    lines = ["| context | offers at review | of them at alert | innocents at review |", "| --- | --- | --- | --- |"]
    found = measure(classifier, weights, rows)
    lines.append(_row("none", found, lambda one: one.alone))
    for name, show in _SHOWN.items():
        lines.append(_row(name, measure(classifier, weights, rows, show), lambda one: one.within))
    return "\n".join(lines) + "\n"


def _row(name: str, found: Sequence[Measured], which: Callable[[Measured], Assessment]) -> str:
    offers = [which(one) for one in found if one.thread.is_offer]
    innocents = [which(one) for one in found if not one.thread.is_offer]
    alerts = share_of(offers, lambda one: one.flagged and one.level == "alert")
    return f"| {name} | {share_of(offers, _is_flagged)} | {alerts} | {share_of(innocents, _is_flagged)} |"


def _is_flagged(one: Assessment) -> bool:
    return one.flagged


def _by_language(found: Sequence[Measured]) -> str:
    lines = ["| language | offers | innocents |", "| --- | --- | --- |"]
    for lang in sorted({one.thread.lang for one in found}):
        inside = [one for one in found if one.thread.lang == lang]
        shares = [
            share_of([one.within for one in inside if one.thread.is_offer is is_offer], _is_flagged)
            for is_offer in (True, False)
        ]
        lines.append(f"| {lang} | {shares[0]} | {shares[1]} |")
    return "\n".join(lines) + "\n"


def _background(classifier: Classifier, weights: Weights, rows: Rows) -> str:
    lines = ["| context | flagged by context | read again |", "| --- | --- | --- |"]
    for name, show in _SHOWN.items():
        found = measure(classifier, weights, rows, show)
        raised = share_of(found, lambda one: one.within.flagged and not one.alone.flagged)
        again = Share(_read_again(weights, rows, show), len(found))
        lines.append(f"| {name} | {raised.per_100_000()} | {again} |")
    return "\n".join(lines) + f"\n\nThe band was set so that {BAND_SHARE:.1%} would be, at most.\n"


def _read_again(weights: Weights, rows: Rows, show: Show) -> int:
    shown = [show(thread, Recent(*row)) for thread, row in zip(rows.threads, rows.recent.tolist(), strict=True)]
    recent = np.array([(one.recent.weight, one.recent.stream, one.recent.near) for one in shown])
    near = weights.before(weights.columns(rows.own, recent)) >= weights.band
    open_ = near & (rows.own[:, 0] >= weights.floor)
    return sum(bool(is_open) and one.has_text for is_open, one in zip(open_, shown, strict=True))


def _windows(classifier: Classifier, weights: Weights, rows: Rows) -> str:
    """Give the shares where the same means rest on another number of posts: what shrinking alone does to them."""
    lines = ["| recent posts that count | offers at review | innocents at review |", "| --- | --- | --- |"]
    for count in (0.5, 1, 3, 10, weights.window):
        found = measure(classifier, weights, rows, partial(_counted, count))
        offers = share_of([one.within for one in found if one.thread.is_offer], _is_flagged)
        innocents = share_of([one.within for one in found if not one.thread.is_offer], _is_flagged)
        lines.append(f"| {count} | {offers} | {innocents} |")
    return "\n".join(lines) + "\n"


def _counted(count: float, thread: Thread, recent: Recent) -> Surroundings:
    return around(thread, Recent(count, recent.stream, recent.near) if recent.weight else recent)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure from the command line and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m models.context_figures", description=__doc__)
    add_options(parser)
    parser.add_argument("--out", type=Path, default=FIGURES)
    options = parser.parse_args(arguments)
    weights = load_weights(options.artefact)
    classifier = open_classifier(options)
    if weights is None or weights.heads != classifier.heads_digest:
        raise ModelError("the weights of context are of another classifier: run `python -m models.context_fit` first")
    options.out.write_text(render(classifier, weights, read_ground(options, classifier)), encoding="utf-8")
    print(f"figures written to {options.out}")


if __name__ == "__main__":
    main()
