"""Charts whose places run along: columns in stacks, and lines."""

from collections.abc import Iterator

from pipeline.kibana.preview.figures import figure, moment, short, ticks, wide
from pipeline.kibana.preview.markup import Markup, drawing, joined, label, tag, words
from pipeline.kibana.preview.series import Plot, Series, legend

LEFT, RIGHT, TOP, BOTTOM = 44.0, 14.0, 10.0, 26.0
LEGEND = 26.0


class Frame:
    """Axes: where a value and a place stand in a drawing of `width` by `height`."""

    def __init__(self, plot: Plot, width: float, height: float, most: float) -> None:
        self.plot, self.width, self.height = plot, width, height
        self.ticks = ticks(most)
        self.slot = (width - LEFT - RIGHT) / max(1, len(plot.along))

    def x(self, place: int) -> float:
        """The middle of a place."""
        return LEFT + (place + 0.5) * self.slot

    def y(self, value: float) -> float:
        """The height of a value."""
        return self.height - BOTTOM - value / self.ticks[-1] * (self.height - TOP - BOTTOM)

    def draw(self) -> Markup:
        """Lines and labels of both axes."""
        return joined(*self._values(), *self._places())

    def _values(self) -> Iterator[Markup]:
        for value in self.ticks:
            y = self.y(value)
            yield tag("line", x1=LEFT, x2=self.width - RIGHT, y1=y, y2=y, class_="grid" if value else "axis")
            yield label(short(value), LEFT - 6, y + 4, text_anchor="end")

    def _places(self) -> Iterator[Markup]:
        names = [self.name(place) for place in range(len(self.plot.along))]
        room = (self.width - LEFT - RIGHT) / (max(map(wide, names), default=1) + 16)
        every = max(1, -(-len(names) // max(1, int(room))))
        for place in range(0, len(names), every):
            yield label(names[place], self.x(place), self.height - BOTTOM + 16, text_anchor="middle")

    def name(self, place: int) -> str:
        """What stands under a place."""
        value = self.plot.along[place]
        if self.plot.column.kind == "date" and isinstance(value, int | float):
            return moment(value, self.plot.step_s)
        return self.plot.name(place)

    def said(self, series: Series, place: int) -> Markup:
        """What a mark says when it is pointed at."""
        when = self.plot.name(place)
        return tag("title", words(f"{series.name}, {when}: {figure(series.values[place], self.plot.figure)}"))


def stacked(plot: Plot, title: str, width: float, height: float) -> Markup:
    """Columns, each series on top of the one before."""
    frame = Frame(plot, width, height - LEGEND, max((plot.total(place) for place in range(len(plot.along))), default=0))
    marks = [mark for place in range(len(plot.along)) for mark in _stack(frame, place)]
    return joined(drawing(width, height - LEGEND, title, frame.draw(), *marks), _legend(plot))


def _stack(frame: Frame, place: int) -> Iterator[Markup]:
    at, thick = 0.0, max(1.0, frame.slot * 0.8)
    for series in frame.plot.series:
        value = series.values[place] or 0
        if value:
            top, bottom = frame.y(at + value), frame.y(at)
            where = {"x": frame.x(place) - thick / 2, "y": top, "width": thick, "height": max(0.5, bottom - top)}
            yield tag("rect", frame.said(series, place), **where, class_=f"mark c{series.colour}")
        at += value


def lines(plot: Plot, title: str, width: float, height: float) -> Markup:
    """A line for each series; where it has no value, it has a gap."""
    most = max((value for series in plot.series for value in series.values if value is not None), default=0)
    frame = Frame(plot, width, height - LEGEND, most)
    marks = [mark for series in plot.series for mark in (*_runs(frame, series), *_points(frame, series))]
    return joined(drawing(width, height - LEGEND, title, frame.draw(), *marks), _legend(plot))


def _runs(frame: Frame, series: Series) -> Iterator[Markup]:
    run: list[str] = []
    for place, value in enumerate((*series.values, None)):
        if value is not None:
            run.append(f"{frame.x(place):.1f},{frame.y(value):.1f}")
        elif run:
            yield tag("polyline", points=" ".join(run), class_=f"line c{series.colour}")
            run = []


def _points(frame: Frame, series: Series) -> Iterator[Markup]:
    for place, value in enumerate(series.values):
        if value is not None:
            where = {"cx": frame.x(place), "cy": frame.y(value), "r": 2.5}
            yield tag("circle", frame.said(series, place), **where, class_=f"mark c{series.colour}")


def _legend(plot: Plot) -> Markup:
    return legend([series.name for series in plot.series], [series.colour for series in plot.series])
