"""`fanal model refresh`: measure how the languages of one's own posts score, and standardise by that from then on."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from pipeline.commands import parts
from pipeline.commands.standardising import statistics_file
from pipeline.commands.terminal import ERR, OUT, Bar, bar, counted
from pipeline.errors import ModelUnavailable, UsageError
from pipeline.screen.clean import clean
from pipeline.screen.language import Languages
from pipeline.settings import Settings
from pipeline.sources.lines import opened, read_lines
from pipeline.sources.unlabelled import Drawn, Unlabelled, draw, last_posts

if TYPE_CHECKING:
    from models.calibration import Spread
    from models.classifier import Classifier
    from models.refresh import Change, Refreshed

_TOO_FEW = (
    "no language has {enough} different posts among these {posts} (the most: {most}), and fewer say nothing of it: "
    "nothing is written; give more posts"
)
_RISEN = "{risen}: nothing is written; read what they are (`fanal score`), then give --force if they should be hits"


@dataclass(frozen=True, slots=True)
class _Sample:
    """What is measured: cleaned texts, each once, with their main languages, and how many lines and copies were left out."""

    texts: Sequence[str]
    langs: Sequence[str]
    unread: int
    copies: int


@click.command()
@click.argument("source", metavar="[FILE]", required=False)
@click.option(
    "--posts", type=click.IntRange(200, 1_000_000), default=20_000, show_default=True, help="Posts to read, at most."
)
@click.option("--dry-run", is_flag=True, help="Print what would change and write nothing.")
@click.option("--force", is_flag=True, help="Write even if many more of these posts would be hits.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def refresh(source: str | None, posts: int, dry_run: bool, force: bool, as_json: bool) -> None:
    """Measure the mean and deviation of each language's scores on your own unlabelled posts, and use them from then on.

    FILE is NDJSON with `text` (and `lang` if known), plain, .gz or .zst; - is standard input. Posts are drawn from all of
    it. Without FILE the last posts on the topic `posts` are read. A language with fewer than 200 different posts keeps what
    the artefact has for it. Written are counts, means and deviations, never a text; workers take them at their next start.
    """
    settings = Settings.read()
    classifier = parts.current_classifier(settings)
    with _one_line():
        found, sample = _measure(classifier, _drawn(settings, source, posts))
        refused = _refusal(found, force)
        if not dry_run and refused is None:
            _save(settings, found)
        file = str(statistics_file(settings))
        line = {"file": file, "written": not dry_run and refused is None, "refused": refused}
        line |= _row(classifier, found) | {"unread": sample.unread, "copies": sample.copies}
        click.echo(json.dumps(line)) if as_json else _show(line, found)
    if refused and dry_run:
        ERR.print(f"would be refused: {refused}", markup=False, soft_wrap=True)
    elif refused:
        raise UsageError(refused)


@contextmanager
def _one_line() -> Iterator[None]:
    """What is wrong with the model, as the command says it."""
    from models.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise ModelUnavailable(str(error)) from None


def _drawn(settings: Settings, source: str | None, count: int) -> Drawn:
    if source is None:
        with counted("reading the topic", count) as progress:
            return asyncio.run(_from_topic(settings, count, progress))
    with opened(source) as file, bar("reading", source) as progress:
        return draw(read_lines(file, source), count, progress.at)


async def _from_topic(settings: Settings, count: int, progress: Bar) -> Drawn:
    from pipeline.broker.reader import reader

    async with reader(parts.connection(settings)) as read:
        return await last_posts(read, parts.topics(settings).posts, count, progress.at)


def _measure(classifier: "Classifier", drawn: Drawn) -> "tuple[Refreshed, _Sample]":
    from models.refresh import read, refreshed

    sample = _sampled(drawn)
    if not sample.texts:
        raise UsageError("there are no posts to measure: give a file of NDJSON with `text`, or send posts first")
    with counted("scoring", len(sample.texts)) as progress:
        logits = read(classifier, sample.texts, progress.at)
    return refreshed(classifier, logits, sample.langs, datetime.now(UTC)), sample


def _sampled(drawn: Drawn) -> _Sample:
    """The posts as screening reads them. Copies of one text count once: else a campaign would pass for the usual."""
    languages, langs = Languages(), dict[str, str]()
    with counted("identifying languages", len(drawn.posts)) as progress:
        for number, post in enumerate(drawn.posts, 1):
            text = clean(post.text)
            if text not in langs:
                langs[text] = _main_language(languages, text, post)
            progress.at(number)
    return _Sample(list(langs), list(langs.values()), drawn.unread, len(drawn.posts) - len(langs))


def _main_language(languages: Languages, text: str, post: Unlabelled) -> str:
    return languages.identify(text, post.hints)[0]


def _refusal(found: "Refreshed", force: bool) -> str | None:
    """Why the statistics are not to be written, or None."""
    from models.calibrate import ENOUGH
    from models.refresh import UNKNOWN

    if not found.statistics.languages:
        named = {lang: change.posts for lang, change in found.changes.items() if lang != UNKNOWN}
        most = max(named, key=lambda lang: named[lang], default=None)
        few = f"{most} {named[most]}" if most else "none is known"
        return _TOO_FEW.format(enough=ENOUGH, posts=found.statistics.posts, most=few)
    return _RISEN.format(risen=found.risen) if found.risen and not force else None


def _save(settings: Settings, found: "Refreshed") -> None:
    from models.measured import save_statistics

    save_statistics(found.statistics, statistics_file(settings))


def _row(classifier: "Classifier", found: "Refreshed") -> dict[str, Any]:
    return {
        "model": classifier.model,
        "posts": found.statistics.posts,
        "lanes": {lane: {"before": before, "after": after} for lane, (before, after) in found.hits.items()},
        "languages": {lang: _change(one, classifier.lanes) for lang, one in found.changes.items()},
    }


def _change(one: "Change", lanes: Sequence[str]) -> dict[str, Any]:
    return {
        "posts": one.posts,
        "measured": one.measured,
        "old": _spread(one.old, lanes),
        "new": _spread(one.new, lanes),
        "flagged": {"before": one.flagged_before, "after": one.flagged_after},
    }


def _spread(one: "Spread", lanes: Sequence[str]) -> dict[str, dict[str, float]]:
    pairs = zip(lanes, one.mean, one.deviation, strict=True)
    return {lane: {"mean": mean, "deviation": deviation} for lane, mean, deviation in pairs}


def _show(line: dict[str, Any], found: "Refreshed") -> None:
    """Print a row a language and lane that changes; languages that were not measured and do not change are counted only."""
    _say(f"{line['model']}  {line['posts']} posts  {line['copies']} copies  {line['unread']} lines that are no posts")
    _say(f"{'lang':<8} {'posts':>7}  {'lane':<12} {'mean':>18} {'deviation':>18}  flagged")
    shown = {lang: one for lang, one in line["languages"].items() if one["measured"] or one["old"] != one["new"]}
    for lang, one in shown.items():
        for number, (lane, old) in enumerate(one["old"].items()):
            new, first = one["new"][lane], not number
            head = f"{lang:<8} {one['posts']:>7}" if first else " " * 16
            moved = f"{_arrow(old['mean'], new['mean'])} {_arrow(old['deviation'], new['deviation'])}"
            flagged = f"{one['flagged']['before']} -> {one['flagged']['after']}" if first else ""
            _say(f"{head}  {lane:<12} {moved}  {flagged}".rstrip())
    _say(f"{len(line['languages']) - len(shown)} other languages have too few posts and stay as they are")
    for lane, (before, after) in found.hits.items():
        _say(f"{lane}: {before} -> {after} of these posts are hits")
    if line["written"]:
        ERR.print(f"written to {line['file']}: workers take it at their next start", markup=False, soft_wrap=True)


def _arrow(old: float, new: float) -> str:
    return f"{old:>7.3f} -> {new:>7.3f}"


def _say(line: str) -> None:
    OUT.print(line, markup=False, soft_wrap=True)
