"""Do the spans that explain a flag carry it? Leave them out, and as many words at random: `python -m models.faithfulness`.

Posts of the corpus that the classifier flags, so many a language. Nothing here says how good a flag is: the classifier has
learnt from these posts.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.classifier import Assessment, Classifier
from models.examples import Example, read_corpus
from models.explain import InLane, Part, Span, explain, parts, without

_SEED = 5
_SPARE = 3  # posts assessed for each that is wanted: not all are flagged
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """One post: whether the first span weighs more than random words, and whether it stays a hit without three of either."""

    weighs_more: bool
    unflagged: bool
    unflagged_at_random: bool


def flagged(classifier: Classifier, each: int, rng: random.Random) -> Iterator[tuple[Example, Assessment]]:
    """Draw posts that are hits from the corpus, so many of each language that has them."""
    by_lang: dict[str, list[Example]] = defaultdict(list)
    for example in read_corpus():
        by_lang[example.lang].append(example)
    for lang, examples in sorted(by_lang.items()):
        offers = [one for one in examples if one.kind != "benign"]
        drawn = rng.sample(offers, min(_SPARE * each, len(offers)))
        assessed = classifier.assess([one.text for one in drawn], [lang] * len(drawn))
        yield from [(one, found) for one, found in zip(drawn, assessed, strict=True) if found.lane][:each]


def try_out(classifier: Classifier, example: Example, lane: str, rng: random.Random) -> Trial:
    """Leave out what explains a post, and as many words at random."""
    scorer = InLane(classifier, example.lang, lane)
    spans = explain(example.text, scorer)[:3]
    if not spans:
        return Trial(weighs_more=False, unflagged=False, unflagged_at_random=False)
    words = parts(example.text, len(example.text), len(example.text))
    other = _draw(words, spans[0], [(spans[0].start, spans[0].end)], rng)
    drawn: list[Part] = []
    for span in spans:
        drawn.append(_draw(words, span, drawn, rng))
    whole, less = scorer.distances([example.text, without(example.text, other)])
    variants = [_without_all(example.text, [(one.start, one.end) for one in spans]), _without_all(example.text, drawn)]
    ours, theirs = classifier.assess(variants, [example.lang] * 2)
    return Trial(spans[0].weight > whole - less, ours.lane is None, theirs.lane is None)


def _draw(words: Sequence[Part], span: Span, taken: Sequence[Part], rng: random.Random) -> Part:
    """Draw as many consecutive words as a span has, beside what is taken where there is room."""
    count = sum(start < span.end and end > span.start for start, end in words)
    found = words[0]
    for _ in range(_TRIES):
        first = rng.randrange(len(words) - count + 1)
        found = words[first][0], words[first + count - 1][1]
        if all(found[1] <= start or found[0] >= end for start, end in taken):
            break
    return found


def _without_all(text: str, cut: Sequence[Part]) -> str:
    return "".join(letter for at, letter in enumerate(text) if not any(start <= at < end for start, end in cut))


def main() -> None:
    """Measure, and print a row a language and one of all, with counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=8, help="posts a language (default 8)")
    each = parser.parse_args().each
    classifier, rng = Classifier.load(), random.Random(_SEED)  # noqa: S311  # a sample, not a secret
    trials: dict[str, list[Trial]] = defaultdict(list)
    for example, found in flagged(classifier, each, rng):
        trials[example.lang].append(try_out(classifier, example, str(found.lane), rng))
    print(
        f"{classifier.model}\n\n| | first span weighs more | no hit without three | no hit without as many at random |"
    )
    print("|---|---|---|---|")
    for lang, some in trials.items():
        print(_row(lang, some))
    print(_row("all", [one for some in trials.values() for one in some]))


def _row(name: str, trials: Sequence[Trial]) -> str:
    counts = [sum(getattr(one, field) for one in trials) for field in Trial.__slots__]
    return f"| {name} | " + " | ".join(f"{count}/{len(trials)}" for count in counts) + " |"


if __name__ == "__main__":
    main()
