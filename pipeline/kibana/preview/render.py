"""From the file of objects and someone who asks the index to the page."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pipeline.kibana.preview.markup import Markup
from pipeline.kibana.preview.page import Shown, page
from pipeline.kibana.preview.panels import draw
from pipeline.kibana.queries import Body, Span
from pipeline.kibana.reading import Drawn, objects_of, panels

AT_ONCE = 4
"""Questions at the same time."""

Ask = Callable[[Body], Awaitable[Mapping[str, Any]]]


async def render(text: str, ask: Ask, span: Span) -> str:
    """The page for the objects in `text`.

    Raises:
        ConfigurationError: the objects cannot be read.
        IndexUnavailable: whatever `ask` raises.
    """
    objects = objects_of(text)
    by_id = {one["id"]: one for one in objects}
    [index] = [one["attributes"]["title"] for one in objects if one["type"] == "index-pattern"]
    shown = [await _shown(one, by_id, ask, span) for one in objects if one["type"] == "dashboard"]
    return page(shown, span, index)


async def _shown(dashboard: Mapping[str, Any], by_id: Mapping[str, Any], ask: Ask, span: Span) -> Shown:
    said, few = dashboard["attributes"], asyncio.Semaphore(AT_ONCE)

    async def drawn(panel: Drawn) -> tuple[Drawn, Markup]:
        body = panel.body(span)
        async with few:
            return panel, draw(panel, await ask(body) if body else None)

    all_drawn = await asyncio.gather(*(drawn(panel) for panel in panels(dashboard, by_id)))
    controls = json.loads(said["controlGroupInput"]["panelsJSON"]).values()
    named = sorted((one["order"], one["explicitInput"]["title"]) for one in controls)
    return Shown(said["title"], said["description"], tuple(title for _, title in named), tuple(all_drawn))
