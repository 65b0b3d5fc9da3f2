"""`fanal model shadow`: where a second classifier would put other posts before a person than the one that acts."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from pipeline.commands import judges, parts
from pipeline.commands.score import Asked, read_batch
from pipeline.commands.terminal import OUT, bar
from pipeline.errors import Unavailable, UsageError
from pipeline.screen.assessments import Assessment
from pipeline.screen.language import Languages
from pipeline.serving import read_counter
from pipeline.settings import Settings
from pipeline.shadow import OUTCOMES, Pair, outcome
from pipeline.sources.lines import SourceLine, gathered, opened, read_lines

Counts = Mapping[str, Mapping[str, int]]
"""Posts by lane and by which of the two puts them there."""

_NO_PORT = (
    "say which worker to ask with --port (`fanal work screening --port-file FILE` writes it), or give a file of posts"
)
_NO_SHADOW = (
    "the worker on {host}:{port} runs no shadow: set FANAL_MODEL_SHADOW for it; its log says if that cannot be used"
)


@dataclass(slots=True)
class Comparison:
    """What two classifiers made of the posts of a file: counts by language and lane, and which posts differ."""

    posts: int = 0
    unread: int = 0
    languages: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    differ: list[dict[str, Any]] = field(default_factory=list)

    def add(self, asked: Asked, active: Assessment, shadow: Assessment, lanes: Sequence[str]) -> None:
        """Count a post, and keep its id if the two put it into different lanes."""
        self.posts += 1
        by_lane = self.languages.setdefault(asked.lang, {lane: Counter() for lane in lanes})
        for lane in lanes:
            by_lane[lane][outcome(active, shadow, lane)] += 1
        if active.lane != shadow.lane:
            self.differ.append({"id": asked.id, "lang": asked.lang, "active": active.lane, "shadow": shadow.lane})

    def lanes(self) -> Counts:
        """The counts of all languages together."""
        whole: dict[str, Counter[str]] = defaultdict(Counter)
        for by_lane in self.languages.values():
            for lane, counts in by_lane.items():
                whole[lane].update(counts)
        return whole


def compare(lines: Iterable[SourceLine], pair: Pair, languages: Languages) -> Comparison:
    """Judge the posts of some lines with both of a pair. A line that is no post is counted and passed over."""
    found = Comparison()
    for batch in gathered(lines):
        read = read_batch(batch, languages)
        asked = [one for one in read if isinstance(one, Asked)]
        found.unread += len(read) - len(asked)
        active, later = pair.assess([one.text for one in asked], [one.lang for one in asked])
        for three in zip(asked, active, later(), strict=True):
            found.add(*three, pair.lanes)
    return found


@click.command()
@click.argument("source", metavar="[FILE]", required=False)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of a screening worker (default: serve.metrics_port).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def shadow(source: str | None, port: int | None, as_json: bool) -> None:
    """Say where the model that `model.shadow` names would flag other posts than the one that acts.

    Without FILE a running screening worker is asked what it has counted. With it, both judge the posts of the file (as
    `fanal score` takes them), and the ids of those that differ are listed.
    """
    settings = Settings.read()
    found = _of_file(settings, source) if source else _of_worker(settings, port or settings.serve.metrics_port)
    click.echo(json.dumps(found)) if as_json else _show(found)


def _of_file(settings: Settings, source: str) -> dict[str, Any]:
    pair = judges.shadow_pair(settings, parts.classifier(settings))
    with opened(source) as file, bar("comparing", source):
        found = compare(read_lines(file, source), pair, Languages())
    return {
        "active": pair.model,
        "shadow": pair.shadow.model,
        "folder": str(settings.model.shadow),
        "posts": found.posts,
        "unread": found.unread,
        "lanes": _lanes(found.lanes()),
        "languages": {lang: _lanes(counts) for lang, counts in sorted(found.languages.items())},
        "differ": found.differ,
    }


def _of_worker(settings: Settings, port: int) -> dict[str, Any]:
    if not port:
        raise UsageError(_NO_PORT)
    host = settings.serve.host
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for labels, count in read_counter(host, port, "fanal_shadow_posts"):
        counted[labels["lane"]][labels["outcome"]] = count
    if not counted:
        raise Unavailable(_NO_SHADOW.format(host=host, port=port))
    missed = read_counter(host, port, "fanal_shadow_missed_posts")
    return {
        "posts": max(sum(counts.values()) for counts in counted.values()),
        "missed": {labels["outcome"]: count for labels, count in missed},
        "lanes": _lanes(counted),
    }


def _lanes(counted: Counts) -> dict[str, dict[str, Any]]:
    """The counts of each lane, the share of posts on which both agree, and that of what both put there among what either does."""
    return {lane: _lane({one: counts.get(one, 0) for one in OUTCOMES}) for lane, counts in counted.items()}


def _lane(counts: dict[str, int]) -> dict[str, Any]:
    posts, either = sum(counts.values()), sum(counts.values()) - counts["neither"]
    return {
        **counts,
        "agreement": round((counts["both"] + counts["neither"]) / posts, 6) if posts else None,
        "overlap": round(counts["both"] / either, 6) if either else None,
    }


def _show(found: Mapping[str, Any]) -> None:
    """Print the lanes in columns; of a file also the languages in which they differ, and the ids of the posts that do."""
    about = {name: found[name] for name in ("active", "shadow", "folder", "posts", "unread", "missed") if name in found}
    _say("  ".join(f"{name} {value}" for name, value in about.items()))
    _say(_columns("lang", "lane", [*OUTCOMES, "agreement", "overlap"]))
    for lang, lanes in {"all": found["lanes"], **found.get("languages", {})}.items():
        for lane, counts in lanes.items():
            if lang == "all" or counts["only_active"] or counts["only_shadow"]:
                _say(_columns(lang, lane, ["-" if value is None else str(value) for value in counts.values()]))
    for one in found.get("differ", []):
        _say(f"{one['id']}  {one['lang']}  active {one['active'] or '-'}  shadow {one['shadow'] or '-'}")


def _columns(lang: str, lane: str, values: Sequence[str]) -> str:
    return f"{lang:<4} {lane:<12} " + " ".join(f"{value:>11}" for value in values)


def _say(line: str) -> None:
    """Print a line; an id may hold anything, so what a terminal would obey is replaced."""
    OUT.print(_printable(line), markup=False, soft_wrap=True)


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
