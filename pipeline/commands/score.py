"""`fanal score`: the classifier over a file, without broker or index."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
import msgspec

from pipeline.codec import MAX_TEXT
from pipeline.commands import parts
from pipeline.commands.terminal import bar
from pipeline.screen.clean import clean
from pipeline.screen.language import Languages
from pipeline.screen.screening import Assessment, Judge
from pipeline.settings import Settings
from pipeline.sources.lines import SourceLine, gathered, opened, read_lines


class Scored(msgspec.Struct, frozen=True):
    """A line to score: all that is read of it."""

    text: str
    id: str | int | None = None
    lang: str | None = None


_decoder = msgspec.json.Decoder(Scored)


def rows(lines: Iterable[SourceLine], judge: Judge, languages: Languages) -> Iterator[dict[str, Any]]:
    """A row per line, in order. Lines are judged together as they come, a lone one after 50 ms."""
    for batch in gathered(lines):
        yield from _rows_of(batch, judge, languages)


def _rows_of(batch: Sequence[SourceLine], judge: Judge, languages: Languages) -> Iterator[dict[str, Any]]:
    read = [(line, _read(line)) for line in batch]
    asked = [item for _, item in read if isinstance(item, Scored)]
    texts = [clean(item.text[:MAX_TEXT]) for item in asked]
    langs = [
        languages.identify(text, (item.lang,) if item.lang else ()) for text, item in zip(texts, asked, strict=True)
    ]
    assessed = iter(zip(langs, judge.assess(texts, [lang[0] for lang in langs]) if texts else [], strict=True))
    for line, item in read:
        if isinstance(item, Scored):
            lang, assessment = next(assessed)
            yield _row(item.id if item.id is not None else line.number, lang[0], assessment)
        else:
            yield {"line": line.number, "error": item}


def _row(id_: str | int, lang: str, found: Assessment) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": found.kind,
        "scores": {kind: round(score, 6) for kind, score in found.scores.items()},
        "lane": found.lane,
        "flagged": found.flagged,
        "level": found.level,
        "lang": lang,
        "calibrated": found.calibrated,
        "model": found.model,
    }


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
def score(source: str) -> None:
    """Score posts: NDJSON with `text` (and `id`, `lang` if known) in, one JSON line a post out, in order.

    FILE may be plain, .gz or .zst; without it, or with -, standard input is read. Needs no broker and no index. A line that
    is no post gives a row with `error`; the others go on.
    """
    judge = parts.classifier(Settings.read())
    languages = Languages()
    out = click.get_binary_stream("stdout")
    with opened(source) as file, bar("scoring", source) as progress:
        for number, row in enumerate(rows(read_lines(file, source), judge, languages), 1):
            out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            out.flush()
            progress.at(number)
