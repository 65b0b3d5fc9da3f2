"""Elements of HTML and SVG, everything in them escaped."""

from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""Text that is already an element, or escaped."""

EMPTY = Markup("")
_VOID = {"meta", "br"}


def words(text: object) -> Markup:
    """Text as it may stand in a page."""
    return Markup(escape(str(text)))


def tag(name: str, /, *inner: Markup, **attributes: object) -> Markup:
    """An element. A trailing underscore of an attribute's name is dropped, others become hyphens; floats keep one decimal."""
    said = "".join(
        f' {_named(key)}="{escape(_value(value))}"' for key, value in attributes.items() if value is not None
    )
    return Markup(f"<{name}{said}>") if name in _VOID else Markup(f"<{name}{said}>{''.join(inner)}</{name}>")


def joined(*some: Markup) -> Markup:
    """Elements one after the other."""
    return Markup("".join(some))


def label(text: str, x: float, y: float, class_: str = "tick", **more: object) -> Markup:
    """Text in a drawing."""
    return tag("text", words(text), x=x, y=y, class_=class_, **more)


def drawing(width: float, height: float, said: str, *inner: Markup) -> Markup:
    """A drawing that fits itself into its panel; `said` tells what it is to those who do not see it."""
    box = f"0 0 {width:.0f} {height:.0f}"
    return tag("svg", *inner, viewBox=box, role="img", aria_label=said)


def _named(key: str) -> str:
    return key if key == "viewBox" else key.rstrip("_").replace("_", "-")


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
