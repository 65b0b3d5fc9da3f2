"""`fanal score`: the classifier over a file, without broker or index."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import click
import msgspec

from pipeline.codec import MAX_TEXT
from pipeline.commands import parts
from pipeline.commands.cues import rows as cue_rows
from pipeline.commands.explaining import explained
from pipeline.commands.terminal import bar
from pipeline.posts import Terms
from pipeline.screen.assessments import Assessment
from pipeline.screen.clean import clean
from pipeline.screen.context import Around, Standing, cleaned
from pipeline.screen.cues import find_cues
from pipeline.screen.cues.facets import facets
from pipeline.screen.language import Languages
from pipeline.screen.masking import Masked
from pipeline.screen.priority import prioritise
from pipeline.screen.screening import Judge
from pipeline.settings import Settings
from pipeline.sources.lines import SourceLine, gathered, opened, read_lines


class Scored(msgspec.Struct, frozen=True):
    """A line to score: all that is read of it."""

    text: str
    id: str | int | None = None
    lang: str | None = None
    reply_text: str | None = None
    channel: str | None = None
    terms: Terms = Terms()
    created_at: object = None


_decoder = msgspec.json.Decoder(Scored)


Why = Callable[["Asked", Assessment], list[dict[str, Any]] | None]
"""The spans that raised a post's score, or None where nobody asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A post to judge: its text as it is written and as it is judged, and its main language."""

    id: str | int
    written: str
    text: str
    lang: str
    number: int
    created_at: datetime
    reply: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is no post, and why."""

    line: int
    error: str


def rows(
    lines: Iterable[SourceLine],
    judge: Judge,
    languages: Languages,
    why: Why = lambda *_: None,
    around: Around | None = None,
) -> Iterator[dict[str, Any]]:
    """A row per line, in order. Lines are judged together as they come, a lone one after 50 ms.

    With `around`, a post's context counts, and its channel's earlier lines are part of it.
    """
    for batch in gathered(lines):
        read = read_batch(batch, languages)
        asked = [one for one in read if isinstance(one, Asked)]
        found = iter(_judged(asked, judge, around) if asked else [])
        for one in read:
            if isinstance(one, Unread):
                yield {"line": one.line, "error": one.error}
                continue
            assessment = next(found)
            spans = why(one, assessment)
            yield _row(one, assessment) | ({} if spans is None else {"why": spans})


def _judged(asked: Sequence[Asked], judge: Judge, around: Around | None) -> Sequence[Assessment]:
    alone = judge.assess([one.text for one in asked], [one.lang for one in asked])
    return around.reassess([_standing(one) for one in asked], alone)[0] if around else alone


def _standing(asked: Asked) -> Standing:
    """A line as context sees it: all lines of one channel follow each other at once."""
    channel = (asked.channel or "").encode("utf-8", "replace")
    return Standing(
        text=asked.text,
        lang=asked.lang,
        reply=cleaned(asked.reply),
        channel=cleaned(asked.channel),
        key=blake2b(channel, digest_size=8).digest() if channel else None,
        print_=asked.number.to_bytes(8, "big"),
        partition=0,
        at=0.0,
    )


def read_batch(batch: Sequence[SourceLine], languages: Languages) -> list[Asked | Unread]:
    """The posts of some lines, in order; one without an id has the number of its line."""
    return [_asked(line, languages) for line in batch]


def _asked(line: SourceLine, languages: Languages) -> Asked | Unread:
    item = _read(line)
    if isinstance(item, str):
        return Unread(line.number, item)
    written = item.text[:MAX_TEXT]
    text = clean(written)
    lang = languages.identify(text, (item.lang,) if item.lang else ())[0]
    id_ = item.id if item.id is not None else line.number
    reply, channel = (item.reply_text, item.channel) if item.terms.may_link_actor else (None, None)
    return Asked(id_, written, text, lang, line.number, _moment(item.created_at), reply, channel)


def _row(asked: Asked, found: Assessment) -> dict[str, Any]:
    row = {
        "id": asked.id,
        "kind": found.kind,
        "subtypes": list(found.subtypes),
        "scores": {kind: round(score, 6) for kind, score in found.scores.items()},
        "lane": found.lane,
        "flagged": found.flagged,
        "level": found.level,
        "lang": asked.lang,
        "calibrated": found.calibrated,
        "model": found.model,
        **_first(asked, found),
    }
    return {**row, "context": list(found.context)} if found.context else row


def _first(asked: Asked, found: Assessment) -> dict[str, Any]:
    """A hit's cues, its priority with the reasons, and what it suggests in the terms of law; of a benign post nothing."""
    cues = find_cues(asked.written, asked.lang) if found.lane else ()
    seen = facets(cues, Masked(asked.written, (), ()), asked.created_at)
    first = prioritise(found, seen, asked.created_at, asked.created_at)
    suggested = {"acts": first.acts, "means": first.means, "purposes": first.purposes}
    return {
        "cues": cue_rows(cues),
        "priority": first.priority,
        "reasons": list(first.reasons),
        "suggested": {name: list(terms) for name, terms in suggested.items() if terms},
    }


def _moment(said: object) -> datetime:
    """When a post was written, where its line says so in a form that is understood, else now."""
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        at = None
    return at if at and at.tzinfo else datetime.now(UTC)


def _read(line: SourceLine) -> Scored | str:
    """The line, or why it is no post: a field's name at most, never its content."""
    if line.cut:
        return "the line is longer than 16 MiB"
    try:
        return _decoder.decode(line.raw)
    except msgspec.ValidationError as error:
        return f"no post: {str(error)[:200]}"
    except RecursionError:
        return "no post: nested too deeply"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "not JSON in UTF-8"


@click.command()
@click.argument("source", metavar="[FILE]", default="-")
@click.option("--explain", is_flag=True, help="Add to each hit which words raised its score.")
@click.option("--explain-all", is_flag=True, help="The same for every post, hit or not.")
def score(source: str, explain: bool, explain_all: bool) -> None:
    """Score posts: NDJSON with `text` (and `id`, `lang` if known) in, one JSON line a post out, in order.

    `reply_text` (what it replies to) and `channel` (the name of its page or group) count too, with the channel's earlier
    lines; a row that they raised says so in `context`.

    FILE may be plain, .gz or .zst; without it, or with -, standard input is read. Needs no broker and no index. A line that
    is no post gives a row with `error`; the others go on.

    A hit's row has `cues`: contacts, prices, routes and the like, each with its place in the text. Such a row quotes the post. It has
    `priority` (urgent, high or normal) with its `reasons`, and `suggested`: acts, means and purposes that a person may find. A
    departure counts from `created_at`, or from now.

    With --explain a row has `why`: spans of the text (`start` and `end` in characters, `text`, `weight`), the weightiest first.
    A weight is how far the lane's score falls when the span is left out. Such a row quotes the post.
    """
    settings = Settings.read()
    judge = parts.classifier(settings)
    around = parts.around(settings, judge)
    why = explained(judge, everything=explain_all) if explain or explain_all else lambda *_: None
    languages = Languages()
    out = click.get_binary_stream("stdout")
    with opened(source) as file, bar("scoring", source) as progress:
        for number, row in enumerate(rows(read_lines(file, source), judge, languages, why, around), 1):
            out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            out.flush()
            progress.at(number)
