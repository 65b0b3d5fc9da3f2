"""A map: circles as large as their hits, over the outlines of countries (Mercator)."""

from collections.abc import Iterator, Sequence
from math import asinh, pi, radians, sqrt, tan

from pipeline.kibana.preview.figures import wide
from pipeline.kibana.preview.ground import Country, Point, countries
from pipeline.kibana.preview.markup import Markup, drawing, label, tag, words

LARGEST = 22.0
MARGIN = 0.12
LEAST_SPAN = 0.06
NORTHERNMOST = 83.0

Tile = tuple[float, float, int]


class View:
    """A window on the world that holds all tiles: from degrees to pixels."""

    def __init__(self, tiles: Sequence[Tile], width: float, height: float) -> None:
        flat = [flattened((longitude, latitude)) for latitude, longitude, _ in tiles]
        (left, right), (top, bottom) = (_reach([point[axis] for point in flat]) for axis in (0, 1))
        self.scale = min(width / (right - left), height / (bottom - top))
        self.x, self.y = (left + right) / 2 - width / 2 / self.scale, (top + bottom) / 2 - height / 2 / self.scale
        self.width, self.height = width, height

    def at(self, point: Point) -> Point:
        """Where a point stands in the drawing."""
        x, y = flattened(point)
        return (x - self.x) * self.scale, (y - self.y) * self.scale

    def holds(self, x: float, y: float, beyond: float = 0) -> bool:
        """Whether a place of the drawing is within it, or not far beyond."""
        return -beyond <= x <= self.width + beyond and -beyond <= y <= self.height + beyond


def flattened(point: Point) -> Point:
    """Web Mercator: the world as a square of side 1, from the north-west."""
    longitude, latitude = point
    latitude = max(-NORTHERNMOST, min(NORTHERNMOST, latitude))
    return (longitude + 180) / 360, (1 - asinh(tan(radians(latitude))) / pi) / 2


def place_map(tiles: Sequence[Tile], title: str, width: float, height: float) -> Markup:
    """The map of these tiles; there is one at least."""
    view = View(tiles, width, height)
    most = max(hits for _, _, hits in tiles)
    seen = [country for country in countries() if _is_seen(country, view)]
    land = tag("path", d="".join(_outline(country, view) for country in seen), class_="land")
    names = [name for country in seen for name in _name(country, view)]
    circles = [_circle(tile, view, most) for tile in tiles]
    return drawing(width, height, title, land, *circles, *names)


def _reach(values: Sequence[float]) -> tuple[float, float]:
    least, most = min(values), max(values)
    more = max((LEAST_SPAN - (most - least)) / 2, (most - least) * MARGIN)
    return least - more, most + more


def _is_seen(country: Country, view: View) -> bool:
    return any(view.holds(*view.at(point), beyond=view.width) for ring in country.rings for point in ring)


def _outline(country: Country, view: View) -> str:
    """The rings as a path; one that spans the date line would be drawn across the world and is left out."""
    paths = []
    for ring in country.rings:
        longitudes = [longitude for longitude, _ in ring]
        if max(longitudes) - min(longitudes) < 180:
            points = (view.at(point) for point in ring)
            paths.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(paths)


def _name(country: Country, view: View) -> Iterator[Markup]:
    """The country's name in the middle of its mainland, where there is room for it."""
    points = [view.at(point) for point in country.largest]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    if view.holds(x, y) and max(xs) - min(xs) > wide(country.name, 10) and max(ys) - min(ys) > 12:
        yield label(country.name, x, y, "land-name", text_anchor="middle")


def _circle(tile: Tile, view: View, most: int) -> Markup:
    latitude, longitude, hits = tile
    x, y = view.at((longitude, latitude))
    said = tag("title", words(f"{hits:,} hits near {latitude:.1f}°, {longitude:.1f}°"))
    return tag("circle", said, cx=x, cy=y, r=max(3.0, LARGEST * sqrt(hits / most)), class_="spot")
