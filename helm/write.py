"""Writes what of the chart follows from other files: the table of its values, and copies of the alert rules and dashboards.

`python -m helm.write`; tests hold what is committed to what this would write.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "helm" / "fanal"
COPIES = {
    CHART / "files" / "rules": (ROOT / "config" / "prometheus" / "rules", "*.yml"),
    CHART / "files" / "dashboards": (ROOT / "grafana" / "dashboards", "*.json"),
}
BEGIN, END = "<!-- values: written by `python -m helm.write` -->", "<!-- end of values -->"

_KEY = re.compile(r"^( *)([A-Za-z]\w*):")
_MEANING = re.compile(r"^ *# -- (.+)$")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the chart: its dotted path, what it means, its default."""

    path: str
    meaning: str
    default: Any


def values(text: str) -> Iterator[Value]:
    """The values that a comment explains, in their order. Raises `ValueError` if a comment stands before no key."""
    defaults, path, meaning = yaml.safe_load(text), [""], ""
    for line in text.splitlines():
        if explained := _MEANING.match(line):
            meaning = explained[1]
        elif key := _KEY.match(line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if meaning:
                yield Value(".".join(path), meaning, _at(defaults, path))
            meaning = ""
        elif meaning:
            raise ValueError(f"`{meaning}` explains no value")


def _at(tree: Any, path: list[str]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def table(text: str) -> str:
    """The values as a table of Markdown."""
    rows = [f"| `{one.path}` | {_cell(one.default)} | {_escaped(one.meaning)} |" for one in values(text)]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])


def _cell(default: Any) -> str:
    return "empty" if default == "" else f"`{_escaped(json.dumps(default).strip(chr(34)))}`"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")


def readme(old: str, text: str) -> str:
    """The chart's README with its table anew. Raises `ValueError` if the marks are missing."""
    before, _, rest = old.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the chart's README has no marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table(text)}\n{END}{after}"


def copies() -> dict[Path, bytes]:
    """What must lie inside the chart: each file's path and bytes."""
    return {
        inside / path.name: path.read_bytes()
        for inside, (outside, pattern) in COPIES.items()
        for path in sorted(outside.glob(pattern))
    }


def kept() -> dict[Path, bytes]:
    """What lies inside the chart now."""
    return {path: path.read_bytes() for inside, (_, pattern) in COPIES.items() for path in inside.glob(pattern)}


def write() -> None:
    """Write all of it, and take away copies of what is no more."""
    paper = CHART / "README.md"
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    paper.write_text(readme(paper.read_text(encoding="utf-8"), text), encoding="utf-8")
    wanted = copies()
    for path in kept().keys() - wanted.keys():
        path.unlink()
    for path, content in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    write()
