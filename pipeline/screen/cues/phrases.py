"""Phrases of the word lists, found in one pass over the words of a text.

A phrase is words in a row; a word that ends in `*` stands for all that begin so. Each language's phrases are one tree of words:
time grows with the text, not with the lists, and no pattern is run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.screen.cues.reading import Token, tokens

MOST_WORDS = 40
_LONGEST_WORD = 40


class Match(NamedTuple):
    """Words `first` to `last` (not included) that are a phrase of a concept."""

    concept: str
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    exact: "dict[str, _Node]" = field(default_factory=dict)
    begun: "dict[str, _Node]" = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    concepts: tuple[str, ...] = ()


class Phrases:
    """The phrases of one language, by concept. `prefixes` are what its words may begin with (`ال`, `ከ`)."""

    def __init__(self, concepts: Mapping[str, Iterable[str]], prefixes: Sequence[str] = ()) -> None:
        self._root = _Node()
        self._prefixes = tuple(sorted(prefixes, key=len, reverse=True))
        for concept, phrases in concepts.items():
            for phrase in phrases:
                self._add(concept, phrase)

    def find(self, words: Sequence[Token]) -> Iterator[Match]:
        """The phrases in the words, the longest of each concept where it begins."""
        for first, word in enumerate(words):
            best: dict[str, int] = {}
            for form in self._forms(word.text):
                for node in _steps(self._root, form):
                    _walk(node, words, first + 1, best)
            for concept, last in best.items():
                yield Match(concept, first, last)

    def _forms(self, word: str) -> Iterator[str]:
        yield word
        for prefix in self._prefixes:
            if word.startswith(prefix) and len(word) > len(prefix) + 1:
                yield word[len(prefix) :]

    def _add(self, concept: str, phrase: str) -> None:
        node = self._root
        for word in words_of(phrase):
            stem = word.removesuffix("*")
            branch = node.begun if word.endswith("*") else node.exact
            if branch is node.begun:
                node.lengths = tuple(sorted({*node.lengths, len(stem)}))
            node = branch.setdefault(stem, _Node())
        node.concepts = tuple(dict.fromkeys((*node.concepts, concept)))


def words_of(phrase: str) -> list[str]:
    """The folded words of a phrase, a `*` left behind those that have one."""
    return [word.text + "*" * phrase.startswith("*", word.end) for word in tokens(phrase)]


def _walk(node: _Node, words: Sequence[Token], at: int, best: dict[str, int]) -> None:
    for concept in node.concepts:
        best[concept] = max(best.get(concept, 0), at)
    if at < len(words) and words[at].start - words[at - 1].end <= 3:
        for follower in _steps(node, words[at].text):
            _walk(follower, words, at + 1, best)


def _steps(node: _Node, word: str) -> Iterator[_Node]:
    if found := node.exact.get(word):
        yield found
    if len(word) <= _LONGEST_WORD:
        for length in node.lengths:
            if length <= len(word) and (found := node.begun.get(word[:length])):
                yield found
