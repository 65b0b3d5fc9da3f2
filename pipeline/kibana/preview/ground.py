"""The outlines of countries under a map: TopoJSON of Natural Earth, decoded as its specification says.

https://github.com/topojson/topojson-specification
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("countries-110m.json")
SHA256 = "2516c915867c7baf18ddec727aec46c315541a07cfb3d79a6559b05d5e94eee8"

Point = tuple[float, float]
"""Longitude and latitude, in degrees."""


@dataclass(frozen=True, slots=True)
class Country:
    """A country's name and the rings of its outline."""

    name: str
    rings: tuple[tuple[Point, ...], ...]

    @property
    def largest(self) -> tuple[Point, ...]:
        """The ring with the most points: its mainland."""
        return max(self.rings, key=len)


@cache
def countries() -> tuple[Country, ...]:
    """All of them, read once."""
    topology = json.loads(FILE.read_text(encoding="utf-8"))
    arcs = [tuple(_decoded(arc, topology["transform"])) for arc in topology["arcs"]]
    return tuple(_country(one, arcs) for one in topology["objects"]["countries"]["geometries"])


def _decoded(arc: Sequence[Sequence[int]], transform: dict[str, Any]) -> Iterator[Point]:
    (scale_x, scale_y), (from_x, from_y) = transform["scale"], transform["translate"]
    x = y = 0
    for by_x, by_y in arc:
        x, y = x + by_x, y + by_y
        yield x * scale_x + from_x, y * scale_y + from_y


def _country(geometry: dict[str, Any], arcs: Sequence[tuple[Point, ...]]) -> Country:
    shapes = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
    rings = tuple(tuple(_ring(ring, arcs)) for shape in shapes for ring in shape)
    return Country(geometry["properties"]["name"], rings)


def _ring(numbers: Sequence[int], arcs: Sequence[tuple[Point, ...]]) -> Iterator[Point]:
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        yield from arc[:-1]
