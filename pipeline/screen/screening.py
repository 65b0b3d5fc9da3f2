"""What the system does with posts: read each line, pass over what was seen, judge the rest, keep only the hits.

    line ──► decode ──► Rejected                                    bytes whole, a reason
                   ├──► deleted on its platform already? ──► erased
                   └──► seen before? ──► duplicate
                                    └──► clean, the classifier reads ──► benign in whatever language: forgotten
                                                                    └──► language, thresholds, context ──► benign: forgotten
                                                                                                      └──► hit: masked, sealed

Pure: bytes and a classifier in, a `Verdict` out. Nothing here talks to a server or raises for what a line holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from pipeline.codec import decode_post, lines
from pipeline.posts import Hit, Outcome, Position, Post, Rejected
from pipeline.screen.assessments import Assessment, Candidate, Sifted
from pipeline.screen.channels import Note
from pipeline.screen.clean import clean
from pipeline.screen.context import Context
from pipeline.screen.erased import Erased
from pipeline.screen.fates import Line, account
from pipeline.screen.live import is_live
from pipeline.screen.seen import NOTHING, Seen, fingerprint
from pipeline.screen.stages import Stages
from pipeline.screen.verdicts import Incoming, Refusal, Verdict


class Judge(Protocol):
    """A classifier, as screening needs it."""

    @property
    def model(self) -> str:
        """Artefact, engine and precision: what judged."""

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Assessment]:
        """Assess cleaned texts with their main language, in order."""

    def sift(self, texts: Sequence[str]) -> Sifted:
        """Read cleaned texts, and tell whose language is worth asking for."""


class Identify(Protocol):
    """Language identification, as screening needs it."""

    def identify(self, text: str, hints: Sequence[str] = ()) -> tuple[str, ...]:
        """The languages of a cleaned text, the main one first."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that screening rests on; `stages` takes the time, and changes nothing."""

    judge: Judge
    languages: Identify
    seen: Seen
    make_hit: Callable[[Candidate, Assessment, datetime], Hit]
    context: Context | None = None
    erased: Erased | None = None
    stages: Stages = field(default_factory=Stages)


class _Decoded(NamedTuple):
    """A line of a record, and what it reads as."""

    position: Position
    raw: bytes
    record: Incoming
    post: Post | Rejected


def screen(batch: Sequence[Incoming], using: Screen, now: datetime) -> Verdict:
    """Screen a batch of records. Replays give the same verdict: a line is never its own duplicate."""
    read = _read(batch, using, now)
    found, notes, judged = _judge([line.candidate for line in read if line.candidate], using, now)
    verdict = Verdict(hits=[hit for hit in found.values() if hit], judged=judged, dismissed=len(found) - len(judged))
    verdict.refusals = [line.refusal for line in read if line.refusal]
    outcomes: dict[Position, Outcome] = {}
    for line in read:
        outcome = line.outcome or ("hit" if found[line.position] else "benign")
        outcomes[line.position] = outcome
        verdict.outcomes[outcome] = verdict.outcomes.get(outcome, 0) + 1
    verdict.screened = account(batch, read, outcomes, found, using.judge.model)
    if using.context:
        verdict.screened = [using.context.packed(one, notes) for one in verdict.screened]
    return verdict


def _read(batch: Sequence[Incoming], using: Screen, now: datetime) -> list[Line]:
    """The lines of the records, each with its outcome or its candidate."""
    with using.stages("decode"):
        decoded = [
            _Decoded(Position(record.partition, record.offset, number), raw, record, decode_post(raw, now))
            for record in batch
            for number, raw in enumerate(lines(record.value))
        ]
    known = [_known(one, using) for one in decoded]
    with using.stages("clean"):
        return [_line(one, *what, now) for one, what in zip(decoded, known, strict=True)]


def _known(line: _Decoded, using: Screen) -> tuple[bytes, Outcome | None]:
    """The fingerprint of a line, and its outcome where that is known before judging."""
    if isinstance(line.post, Rejected):
        return NOTHING, "rejected"
    print_ = fingerprint(line.post)
    if using.erased and using.erased.holds(line.post, line.record.received_at):
        return print_, "erased"
    return print_, "duplicate" if using.seen.repeats(print_, line.position) else None


def _line(line: _Decoded, print_: bytes, outcome: Outcome | None, now: datetime) -> Line:
    position, raw, record, post = line
    if isinstance(post, Rejected):
        if record.whence:
            post = msgspec.structs.replace(post, detail=f"{record.whence}: {post.detail}")
        return Line(position, print_, outcome, refusal=Refusal(position, post))
    if outcome:
        return Line(position, print_, outcome)
    candidate = Candidate(position, post, raw, record.received_at, clean(post.text))
    live = is_live(post.transport, post.created_at, record.received_at, now)
    return Line(position, print_, None, candidate=candidate, live=live)


def _judge(
    candidates: Sequence[Candidate], using: Screen, now: datetime
) -> tuple[dict[Position, Hit | None], Mapping[Position, Note], list[Assessment]]:
    """A hit for each position whose post stands above its lane's threshold, None for the benign; what context noted; and
    what was said of those on whom it had to be decided."""
    if not candidates:
        return {}, {}, []
    found: dict[Position, Hit | None] = dict.fromkeys([candidate.position for candidate in candidates])
    notes: Mapping[Position, Note] = {}
    asked, assessments = _assess(candidates, using)
    if using.context:
        with using.stages("context"):
            assessments, notes = using.context.reassess(asked, assessments)
    for candidate, assessment in zip(asked, assessments, strict=True):
        if assessment.lane:
            with using.stages("cues"):
                found[candidate.position] = using.make_hit(candidate, assessment, now)
    return found, notes, list(assessments)


def _assess(candidates: Sequence[Candidate], using: Screen) -> tuple[Sequence[Candidate], Sequence[Assessment]]:
    """Those whose language matters, with it, and their assessments: whom some language would make a hit, or context could."""
    with using.stages("model"):
        sifted = using.judge.sift([candidate.text for candidate in candidates])
    places = set(sifted.suspects)
    if using.context:
        places |= {place for place, one in enumerate(candidates) if using.context.concerns(one.post)}
    with using.stages("language"):
        asked = [_identified(candidates[place], using.languages) for place in sorted(places)]
    with using.stages("model"):
        return asked, sifted.assess(sorted(places), [one.langs[0] for one in asked]) if asked else []


def _identified(candidate: Candidate, languages: Identify) -> Candidate:
    return replace(candidate, langs=languages.identify(candidate.text, candidate.post.lang_hint))
