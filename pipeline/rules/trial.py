"""What rules do to the hits among some posts of a file, without broker and index."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.codec import MAX_TEXT
from pipeline.posts import Document, Evidence, Hit, Position, Post
from pipeline.rules.effects import SHADOW, apply
from pipeline.rules.rule import Rule
from pipeline.screen.assessments import Assessment, Candidate
from pipeline.screen.clean import clean
from pipeline.screen.hits import make_hit
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.screening import Identify, Judge

_CHANGED = ("priority", "lane", "tags")


class _Given(msgspec.Struct, frozen=True):
    """A line: all that is read of it."""

    text: str
    id: str | int | None = None
    platform: str = "file"
    lang: str | None = None
    created_at: object = None


_decoder = msgspec.json.Decoder(_Given)


class Trial:
    """Judges posts, makes hits of them as a worker does, and says what each rule did."""

    def __init__(self, rules: Sequence[Rule], judge: Judge, languages: Identify) -> None:
        self._rules = rules
        self._judge = judge
        self._languages = languages
        self._pseudonyms = Pseudonyms(secrets.token_bytes(32), "trial")
        self.hits = 0
        self.held = {rule.name: 0 for rule in rules}
        """Hits of which each rule held."""

    def rows(self, lines: Iterable[tuple[int, bytes]], now: Callable[[], datetime]) -> Iterator[dict[str, Any]]:
        """A row for each numbered line of JSON, in order; `now` is when a post was written that does not say so."""
        for number, raw in lines:
            try:
                given = _decoder.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield {
                    "line": number,
                    "error": "no post: a JSON object with text, and id, platform, lang, created_at if known",
                }
                continue
            yield self._row(number, given, now())

    def _row(self, number: int, given: _Given, now: datetime) -> dict[str, Any]:
        text = clean(given.text[:MAX_TEXT])
        langs = self._languages.identify(text, (given.lang,) if given.lang else ())
        [assessment] = self._judge.assess([text], [langs[0]])
        row = {"id": number if given.id is None else given.id, "kind": assessment.kind, "lane": assessment.lane}
        if assessment.lane is None:
            return {**row, "rules": []}
        before = self._hit(
            Candidate(Position(0, number, 0), _post(number, given, now), b"", now, text, langs), assessment
        ).document
        after = apply(before, self._rules)
        self.hits += 1
        for name in after.rules:
            self.held[name.removeprefix(SHADOW)] += 1
        return {**row, "priority": before.priority, "rules": list(after.rules), "becomes": _changes(before, after)}

    def _hit(self, candidate: Candidate, assessment: Assessment) -> Hit:
        nothing = Evidence(key_id="trial", sealed="")
        return make_hit(
            candidate, assessment, candidate.received_at, pseudonyms=self._pseudonyms, seal=lambda _: nothing
        )


def _post(number: int, given: _Given, now: datetime) -> Post:
    return Post(
        platform=given.platform,
        native_id=str(number),
        text=given.text[:MAX_TEXT],
        created_at=_moment(given.created_at) or now,
    )


def _moment(said: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return at.astimezone(UTC) if at and at.tzinfo else None


def _changes(before: Document, after: Document) -> dict[str, Any]:
    """What is another value after the rules."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _CHANGED)
    return {name: list(new) if isinstance(new, tuple) else new for name, old, new in pairs if new != old}
