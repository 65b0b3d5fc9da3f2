"""Put two artefacts on the same labelled posts: what `fanal model compare` does.

On the corpus both were trained, so what they say of it is inflated. There each is judged by the held-out logits that it brings;
where one brings none, both are judged by what they say, and the comparison says that it is worth little.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.background import sample_background
from models.classifier import Classifier
from models.dataset import Row, build_rows
from models.decision import Decision, decide
from models.engines import F32
from models.errors import CorpusError
from models.evaluation.versus import Versus, versus
from models.examples import KINDS, Example, read_corpus, read_lines
from models.heads import load_heads
from models.heldout import FILE, HeldOut, load_held_out
from models.judging import Judged
from models.shadow import Pair

_SEED = 7  # as of the training: what it has read is not read again

HELD_OUT = (
    "held out: each post was judged by a training that had not seen its author, with the artefact's thresholds for "
    + F32
)
LEFT_OUT = "{count} posts of the corpus are left out: one of the two was not trained on them"
IN_SAMPLE = (
    "IN SAMPLE, and so inflated: both have learnt from these posts, and {which} brings no held-out logits (" + FILE
    + "). Give posts that neither has seen with --posts"
)  # fmt: skip
SEEN = "{count} of {posts} posts are among those from which one or both have learnt: there the figures are inflated"
UNKNOWN = "{which} does not say post by post what it has learnt from: posts beyond the corpus may be among it, and inflate too"
BACKGROUND = "background: {count} posts, presumed benign; both may have been trained on some of them"


@dataclass(frozen=True, slots=True)
class Ground:
    """What to compare on: a file of labelled posts, or the corpus; and so many background posts of a file, or none."""

    posts: Path | None = None
    background: Path | None = None
    sample: int = 20_000


def compare(a: Path, b: Path, ground: Ground, load: Callable[[], Pair]) -> Versus:
    """Compare the artefacts in two folders; `load` gives both on an engine, and is called only if one must read posts.

    Raises:
        ModelError: an artefact or a file is missing or damaged, or the two cannot be compared.
    """
    rows = build_rows(read_labelled(ground.posts) if ground.posts else read_corpus(), [])
    held = (None, None) if ground.posts else (load_held_out(a), load_held_out(b))
    posts = _background(ground)
    pair = load() if posts or None in held else None
    if held[0] and held[1]:
        known = [row for row in rows if held[0].knows(row.text) and held[1].knows(row.text)]
        one, other = _held_out(a, held[0], known), _held_out(b, held[1], known)
        notes = [HELD_OUT, *([LEFT_OUT.format(count=len(rows) - len(known))] if len(known) < len(rows) else [])]
    else:
        assert pair is not None  # noqa: S101 - loaded above
        one, other = _assessed(pair.active, rows), _assessed(pair.shadow, rows)
        notes = _worth(ground, rows, list(dict.fromkeys((a, b))))
    if posts and pair:
        one, other = one + _assessed(pair.active, posts), other + _assessed(pair.shadow, posts)
        notes.append(BACKGROUND.format(count=len(posts)))
    return versus(str(a), str(b), list(zip(one, other, strict=True)), notes)


def read_labelled(path: Path) -> list[Example]:
    """Read labelled posts: JSON lines of `text`, `lang` and `kind`, or `label` where `kind` says something else.

    Raises:
        CorpusError: a line that is none, or of a kind that is not one of `KINDS`; the message names the line, not its text.
    """
    try:
        found = [_labelled(f"{path.name}:{number}", row) for number, row in read_lines(path)]
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read ({type(error).__name__})") from error
    if not found:
        raise CorpusError(f"{path} holds no posts")
    return found


def _labelled(where: str, row: dict[str, object]) -> Example:
    kind = row.get("label", row.get("kind"))
    text, lang = row.get("text"), row.get("lang")
    if not isinstance(text, str) or not isinstance(lang, str) or kind not in KINDS:
        raise CorpusError(f"{where}: needs text, lang, and as kind or label one of {', '.join(KINDS)}")
    return Example(text, lang, str(kind), kind == "benign", where, "posts")


def _background(ground: Ground) -> list[Row]:
    found = sample_background(ground.background, ground.sample, _SEED) if ground.background else []
    return [row for row in build_rows([], found) if row.measured]


def _held_out(folder: Path, held: HeldOut, rows: Sequence[Row]) -> list[Judged]:
    heads = load_heads(folder)
    logits = held.of([row.text for row in rows])
    langs = [row.lang for row in rows]
    return _judged(rows, decide(logits, langs, heads.labels, heads.lanes, heads.calibrations[F32]))


def _assessed(classifier: Classifier, rows: Sequence[Row]) -> list[Judged]:
    found = classifier.assess([row.text for row in rows], [row.lang for row in rows])
    return _judged(rows, [Decision(one.kind, one.lane, one.level) for one in found])


def _judged(rows: Sequence[Row], decisions: Sequence[Decision]) -> list[Judged]:
    return [Judged(row, decision) for row, decision in zip(rows, decisions, strict=True)]


def _worth(ground: Ground, rows: Sequence[Row], folders: Sequence[Path]) -> list[str]:
    """Say how far posts that were scored by the artefacts themselves can be trusted."""
    held = {folder: load_held_out(folder) for folder in folders}
    which = " and ".join(str(folder) for folder, found in held.items() if found is None)
    if ground.posts is None:
        return [IN_SAMPLE.format(which=which)]
    corpus = {example.text for example in read_corpus()}
    known = [one for one in held.values() if one]
    seen = sum(row.text in corpus or any(one.knows(row.text) for one in known) for row in rows)
    notes = [SEEN.format(count=seen, posts=len(rows))] if seen else []
    return [*notes, *([UNKNOWN.format(which=which)] if which else [])]
