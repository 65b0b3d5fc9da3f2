"""The desk: one page on which hits appear as they are found, for analysts who have no Kibana.

It reads the index and writes nothing. Texts are shown as they lie in the index: masked.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from pipeline.desk.guard import Guard
from pipeline.errors import IndexUnavailable
from pipeline.index.shown import FIELDS, Counts, Filters, Page
from pipeline.index.similar import Similar

_HERE = Path(__file__).resolve().parent
PAGE = 100

Outcomes = Callable[[], Mapping[str, int]]


class Hits(Protocol):
    """The index, as the desk needs it."""

    async def recent(
        self, filters: Filters, size: int = PAGE, *, newer: str | None = None, older: str | None = None
    ) -> Page:
        """Hits, newest first."""

    async def counts(self) -> Counts:
        """How many there are."""

    async def similar(self, id_: str, size: int = 10) -> Similar:
        """Those that read most like one."""


def create_desk(
    store: Hits, taxonomy: Mapping[str, Any], outcomes: Outcomes | None = None, names: Iterable[str] = ()
) -> Starlette:
    """The desk's application.

    `taxonomy` is `config/taxonomy.yaml`; `outcomes` gives posts by outcome where the caller knows them; `names` are host
    names under which the desk may be asked, besides `localhost` and addresses.
    """
    desk = _Desk(store, taxonomy, outcomes)
    routes = [
        Route("/", desk.page),
        Route("/api/hits", desk.hits),
        Route("/api/counts", desk.counts),
        Route("/api/similar", desk.similar),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
    ]
    away = {IndexUnavailable: _away}
    return Starlette(routes=routes, middleware=[Middleware(Guard, names=names)], exception_handlers=away)


class _Desk:
    """The endpoints over one store."""

    def __init__(self, store: Hits, taxonomy: Mapping[str, Any], outcomes: Outcomes | None) -> None:
        self._store = store
        self._taxonomy = taxonomy
        self._outcomes = outcomes
        self._templates = Jinja2Templates(directory=_HERE / "templates")

    async def page(self, request: Request) -> Response:
        """The page; it fills itself from the other two."""
        context = {"kinds": self._taxonomy["kinds"], "lanes": self._taxonomy["lanes"], "chosen": _filters(request)}
        return self._templates.TemplateResponse(request, "desk.html", context)

    async def hits(self, request: Request) -> Response:
        """Hits as JSON, newest first; `after` and `before` take the cursors `newer` and `older` of an earlier answer."""
        asked = request.query_params
        try:
            page = await self._store.recent(
                _filters(request), PAGE, newer=asked.get("after") or None, older=asked.get("before") or None
            )
        except ValueError:
            return JSONResponse({"error": "after and before take cursors of this page"}, status_code=400)
        return JSONResponse({"hits": page.hits, "newer": page.newer, "older": page.older})

    async def counts(self, _: Request) -> Response:
        """Hits in all and by field, and posts by outcome where they are known."""
        found = await self._store.counts()
        outcomes = dict(self._outcomes()) if self._outcomes else None
        return JSONResponse({"total": found.total, "by": found.by, "outcomes": outcomes})

    async def similar(self, request: Request) -> Response:
        """The hits that read most like the one that `id` names, with how near they are, as JSON."""
        found = await self._store.similar(request.query_params.get("id") or "none")
        if not found.known:
            return JSONResponse({"error": "no hit has this id"}, status_code=404)
        return JSONResponse({"hits": found.hits, "readable": found.readable})


def _filters(request: Request) -> Filters:
    return Filters(**{name: request.query_params.get(name) or None for name in FIELDS})


def _away(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=503)
