"""A server that answers as Kibana does: status, import of saved objects, and what it says when it will not.

After src/core/packages/saved-objects/{server-internal,import-export-server-internal} of Kibana: header, multipart file, extension,
references that must be there, types that must be known, and the words of each refusal.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

NOT_READY = "Kibana server is not ready yet"
KNOWN_TYPES = {"index-pattern", "search", "map", "lens", "dashboard", "tag", "visualization"}


@dataclass
class FakeKibana:
    """Kibana as it is set here; it keeps what is imported, by space and id.

    keys: who may ask (none: everybody). may_import: or else 403. ready: or else 503. newest: the newest version of objects that
    it knows. shared: ids that other objects of the space claim as theirs, which makes an ambiguous conflict.
    """

    number: str = "8.19.3"
    keys: tuple[str, ...] = ()
    may_import: bool = True
    ready: bool = True
    newest: tuple[int, ...] = (10, 2, 0)
    spaces: tuple[str, ...] = ("default",)
    shared: tuple[str, ...] = ()
    kept: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def status(self, request: web.Request) -> web.Response:
        """`GET /api/status`: to strangers, without the version."""
        self.asked.append((request.method, request.path))
        if not self.ready:
            return web.Response(status=503, text=NOT_READY)
        level = {"overall": {"level": "available"}}
        if self.keys and "Authorization" not in request.headers:
            return web.json_response({"status": level})
        if refused := self._refused(request):
            return refused
        number = {"number": self.number, "build_hash": "0", "build_number": 1, "build_flavor": "traditional"}
        return web.json_response({"name": "kibana", "uuid": "0", "version": number, "status": level})

    async def imports(self, request: web.Request) -> web.Response:
        """`POST [/s/SPACE]/api/saved_objects/_import`."""
        self.asked.append((request.method, request.path))
        if refused := self._unfit(request):
            return refused
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField) or not file.filename.endswith(".ndjson"):
            return _said(400, "Invalid file extension")
        objects = [json.loads(line) for line in file.file.read().decode().splitlines()]
        objects = [one for one in objects if "exportedCount" not in one]
        if any(_version(one) > self.newest for one in objects):
            return _said(422, "Document belongs to a more recent version of Kibana")
        space = request.match_info.get("space", "default")
        return web.json_response(self._taken(objects, space, request.query.get("overwrite") == "true"))

    def _unfit(self, request: web.Request) -> web.Response | None:
        if not self.ready:
            return web.Response(status=503, text=NOT_READY)
        if refused := self._refused(request):
            return refused
        if "kbn-xsrf" not in request.headers:
            return _said(400, "Request must contain a kbn-xsrf header.")
        if (space := request.match_info.get("space", "default")) not in self.spaces:
            return _said(404, f"Saved object [space/{space}] not found")
        return None if self.may_import else _said(403, "Unable to bulk_create dashboard,index-pattern,map,search")

    def _refused(self, request: web.Request) -> web.Response | None:
        known = not self.keys or request.headers.get("Authorization") in self.keys
        return None if known else _said(401, "[security_exception]: unable to authenticate user")

    def _taken(self, objects: list[dict[str, Any]], space: str, overwrite: bool) -> dict[str, Any]:
        there = {one["id"] for one in objects} | {id_ for held, id_ in self.kept if held == space}
        errors = [error for one in objects if (error := self._error(one, there, space, overwrite))]
        bad = {error["id"] for error in errors}
        good = [one for one in objects if one["id"] not in bad]
        self.kept |= {(space, one["id"]): one for one in good}
        said = {"success": not errors, "successCount": len(good), "warnings": []}
        done = [{"type": one["type"], "id": one["id"], "managed": False, "overwrite": overwrite} for one in good]
        return said | ({"successResults": done} if done else {}) | ({"errors": errors} if errors else {})

    def _error(self, one: dict[str, Any], there: set[str], space: str, overwrite: bool) -> dict[str, Any] | None:
        missing = [reference for reference in one["references"] if reference["id"] not in there]
        error: dict[str, Any] | None = None
        if one["type"] not in KNOWN_TYPES:
            error = {"type": "unsupported_type"}
        elif missing:
            error = {"type": "missing_references", "references": missing}
        elif one["id"] in self.shared:
            error = {"type": "ambiguous_conflict", "destinations": []}
        elif (space, one["id"]) in self.kept and not overwrite:
            error = {"type": "conflict"}
        return {"type": one["type"], "id": one["id"], "error": error} if error else None


def _version(one: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(map(int, one["typeMigrationVersion"].split(".")))


def _said(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "error": "refused", "message": message}, status=status)


@asynccontextmanager
async def serving(kibana: FakeKibana) -> AsyncIterator[str]:
    """Its address, on loopback, for as long as the context lasts."""
    app = web.Application(client_max_size=8 << 20)
    app.router.add_get("/api/status", kibana.status)
    app.router.add_post("/api/saved_objects/_import", kibana.imports)
    app.router.add_post("/s/{space}/api/saved_objects/_import", kibana.imports)
    async with serving_app(app) as url:
        yield url


@asynccontextmanager
async def serving_app(app: web.Application) -> AsyncIterator[str]:
    """The address of any program, on loopback and a free port."""
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
