"""A model hub on loopback: it answers requests for a repository's files as a hub does, or fails as one may."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "someone/tiny-encoder"
_LARGE = (".safetensors", "tokenizer.json")  # kept apart, as LFS files are, and behind a redirect


@dataclass
class Hub:
    """What the hub holds and how it behaves; `asked` are the paths of all requests, `agents` who said to ask."""

    files: dict[str, bytes]
    refs: Mapping[str, str] = field(default_factory=lambda: {"main": COMMIT, "v1": COMMIT})
    licence: str | None = "mit"
    gated: bool = False
    private: bool = False
    cut: int = 0
    """Of so many answers to come with a large file, break off half-way."""
    damaged: bool = False
    broken: bool = False
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    url: str = ""

    @classmethod
    def of(cls, folder: Path, **behaviour: Any) -> "Hub":
        """Hold the files of a folder, and some that nobody should ask for."""
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        return cls(
            files | {"README.md": b"# tiny", "pytorch_model.bin": b"pickle", "onnx/model.onnx": b"x"}, **behaviour
        )

    def commit(self, revision: str) -> str | None:
        return revision if revision == COMMIT else self.refs.get(revision)

    @contextmanager
    def serving(self) -> Iterator["Hub"]:
        """Answer on a free port until the end of the block."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"hub": hub})


class _Handler(BaseHTTPRequestHandler):
    """The three sorts of requests: what a revision holds, where a file is, and its bytes."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:  # named so by the library
        self.do_GET()

    def do_GET(self) -> None:  # as above
        path = self.path.partition("?")[0]
        self.hub.asked.append(f"{self.command} {path}")
        self.hub.agents.add(self.headers.get("User-Agent", ""))
        if self.hub.broken:
            self._answer(503)
        elif found := re.fullmatch(rf"/api/models/{REPOSITORY}(?:/revision/([^/]+))?", path):
            self._revision(found[1] or "main")
        elif found := re.fullmatch(rf"/{REPOSITORY}/resolve/([^/]+)/(.+)", path):
            self._file(found[1], found[2])
        elif found := re.fullmatch(r"/cdn/(.+)", path):
            self._bytes(found[1])
        else:
            self._refuse(404 if path.startswith("/cdn") else 401, "RepoNotFound", "Repository not found")

    def _revision(self, revision: str) -> None:
        commit = self.hub.commit(revision)
        if self.hub.private:
            self._refuse(401, "RepoNotFound", "Repository not found")
        elif commit is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            siblings = [self._sibling(name, content) for name, content in self.hub.files.items()]
            card = {"license": self.hub.licence} if self.hub.licence else {}
            found: dict[str, Any] = {
                "id": REPOSITORY,
                "modelId": REPOSITORY,
                "sha": commit,
                "siblings": siblings,
                "cardData": card,
            }
            found |= {"private": False, "gated": self.hub.gated, "tags": [], "downloads": 0}
            self._answer(200, json.dumps(found).encode(), {"Content-Type": "application/json"})

    def _sibling(self, name: str, content: bytes) -> dict[str, Any]:
        found: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": hashlib.sha1(content).hexdigest()}  # noqa: S324  # as git names them
        if name.endswith(_LARGE):
            found["lfs"] = {"sha256": _digest(content), "size": len(content), "pointerSize": 134}
        return found

    def _file(self, revision: str, name: str) -> None:
        commit = self.hub.commit(revision)
        content = self.hub.files.get(name)
        if self.hub.gated:
            self._refuse(401, "GatedRepo", f"Access to model {REPOSITORY} is restricted")
        elif commit is None:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif content is None:
            self._refuse(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit})
        elif name.endswith(_LARGE):
            linked = {"X-Linked-Etag": f'"{_digest(content)}"', "X-Linked-Size": str(len(content))}
            linked |= {"X-Repo-Commit": commit, "ETag": '"pointer"', "Location": f"{self.hub.url}/cdn/{name}"}
            self._answer(302, b"", linked)
        else:
            self._answer(200, content, {"X-Repo-Commit": commit, "ETag": f'"{_digest(content)[:40]}"'})

    def _bytes(self, name: str) -> None:
        """Give a large file, from where the request says; cut or damaged if the hub is to behave so."""
        content = self.hub.files[name]
        if self.hub.damaged:
            content = content[:-1] + bytes([content[-1] ^ 1])
        first = int((re.match(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, 0])[1])
        headers = {"Content-Range": f"bytes {first}-{len(content) - 1}/{len(content)}"} if first else {}
        if self.hub.cut and name.endswith(".safetensors"):
            self.hub.cut -= 1
            self._answer(206 if first else 200, content[first:], headers, cut=True)
        else:
            self._answer(206 if first else 200, content[first:], headers)

    def _refuse(self, status: int, code: str, message: str, more: Mapping[str, str] | None = None) -> None:
        self._answer(status, b"", {"X-Error-Code": code, "X-Error-Message": message, **(more or {})})

    def _answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
