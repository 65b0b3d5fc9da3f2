"""What rules would do over stored hits: counts by rule, and examples from their masked texts. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pipeline.posts import Document
from pipeline.rules.effects import holding
from pipeline.rules.rule import Rule

EXAMPLES = 3
LONGEST_EXAMPLE = 200


@dataclass(slots=True)
class Held:
    """How often a rule held, by kind and by language, and some texts of which it held."""

    rule: Rule
    hits: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    langs: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, document: Document) -> None:
        """Count a document of which the rule held."""
        self.hits += 1
        self.kinds[document.kind] += 1
        self.langs[document.lang] += 1
        text = " ".join(document.text.split())[:LONGEST_EXAMPLE]
        if len(self.examples) < EXAMPLES and text not in self.examples:
            self.examples.append(text)


class Backtest:
    """Counts rules over documents, whatever their mode, as if each were alone."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self.held = {rule.name: Held(rule) for rule in rules}
        self.hits = 0
        self.unread = 0
        """Documents that this Fanal cannot read."""

    def add(self, sources: Iterable[Mapping[str, Any]]) -> None:
        """Count documents as the index holds them."""
        for source in sources:
            try:
                document = msgspec.convert(source, Document)
            except msgspec.ValidationError:
                self.unread += 1
                continue
            self.hits += 1
            for rule in holding(document, self._rules):
                self.held[rule.name].add(document)

    def report(self) -> dict[str, Any]:
        """What was counted, as JSON takes it."""
        return {"hits": self.hits, "unread": self.unread, "rules": [_row(one) for one in self.held.values()]}


def _row(held: Held) -> dict[str, Any]:
    return {
        "rule": held.rule.name,
        "mode": held.rule.mode,
        "hits": held.hits,
        "kinds": dict(held.kinds.most_common()),
        "langs": dict(held.langs.most_common()),
        "examples": held.examples,
    }
