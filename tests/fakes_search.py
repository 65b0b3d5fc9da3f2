"""A server that answers as a full Elasticsearch does where lifecycle policies, roles and templates are put and read."""

from typing import Any

from aiohttp import web

HEADERS = {"X-Elastic-Product": "Elasticsearch"}
_TEMPLATES = {"_component_template": "component_template", "_index_template": "index_template"}


class FullServer:
    """Keeps what is put, and gives it back in the server's own shape: with what it adds and the order that it likes."""

    def __init__(self, lacks: tuple[str, ...] = (), forbids: tuple[str, ...] = ()) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.puts: list[str] = []
        self._lacks = lacks
        self._forbids = forbids
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Serve on a free port of loopback; the address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        if any(path.startswith(one) for one in self._lacks):
            return _error(400, "illegal_argument_exception")
        if request.method == "PUT" and any(path.startswith(one) for one in self._forbids):
            return _error(403, "security_exception")
        kind, _, name = path.strip("/").partition("/")
        if request.method == "PUT" and kind in (*_TEMPLATES, "_ilm", "_security"):
            self.held[path] = await request.json()
            self.puts.append(path)
            return _said({"acknowledged": True})
        if request.method == "GET" and name.count("/") <= 1 and kind in (*_TEMPLATES, "_ilm", "_security"):
            return self._give(path, kind, name)
        return _said({"status": "green", "tokens": []})

    def _give(self, path: str, kind: str, name: str) -> web.Response:
        if name in ("status", "_authenticate"):
            return _said({"operation_mode": "RUNNING"})
        body = self.held.get(path)
        if body is None:
            return _error(404, "resource_not_found_exception")
        if kind in _TEMPLATES:
            return _said({f"{_TEMPLATES[kind]}s": [{"name": name, _TEMPLATES[kind]: body}]})
        last = name.rpartition("/")[2]
        return _said({last: _policy(body) if kind == "_ilm" else _role(body)})


def _policy(body: dict[str, Any]) -> dict[str, Any]:
    phases = {name: {"min_age": "0ms", **phase} for name, phase in body["policy"]["phases"].items()}
    if "delete" in phases:
        phases["delete"] = {**phases["delete"], "actions": {"delete": {"delete_searchable_snapshot": True}}}
    return {"version": 1, "modified_date": "2026-11-25T00:00:00.000Z", "policy": {**body["policy"], "phases": phases}}


def _role(body: dict[str, Any]) -> dict[str, Any]:
    indices = [
        {**one, "privileges": sorted(one["privileges"]), "allow_restricted_indices": False} for one in body["indices"]
    ]
    return {**body, "indices": indices, "run_as": [], "transient_metadata": {"enabled": True}}


def _said(body: object) -> web.Response:
    return web.json_response(body, headers=HEADERS)


def _error(status: int, kind: str) -> web.Response:
    return web.json_response(
        {"error": {"type": kind, "reason": "no"}, "status": status}, status=status, headers=HEADERS
    )
