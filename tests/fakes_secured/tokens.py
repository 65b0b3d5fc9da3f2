"""A server of OAuth tokens: unsecured JSON web tokens (RFC 7519, 6), as a broker takes them whose validator was not set."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class TokenServer:
    """What it gives, and what it was asked."""

    client_id: str = "fanal"
    secret: str = "a secret of the client"
    subject: str = "fanal"
    lives_s: float = 3600
    status: int = 200
    body: bytes | None = None
    url: str = ""
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, form: dict[str, list[str]]) -> tuple[int, bytes]:
        """A token for the client that it knows."""
        self.asked.append(form)
        if self.status != 200 or self.body is not None:
            return self.status, self.body or b""
        if (form.get("client_id"), form.get("client_secret")) != ([self.client_id], [self.secret]):
            return 401, b'{"error": "invalid_client", "error_description": "' + self.secret.encode() + b'"}'
        token = unsecured(self.subject, self.lives_s)
        return 200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": self.lives_s}).encode()


def unsecured(subject: str, lives_s: float) -> str:
    """A token that names a subject and is signed by nobody."""
    now = time.time()
    claims = {"sub": subject, "iat": now, "exp": now + lives_s}
    parts = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
    )
    return ".".join([*parts, ""])


@contextmanager
def token_server(context: ssl.SSLContext | None = None, **how: Any) -> Iterator[TokenServer]:
    """One on loopback, over TLS where a context is given."""
    server = TokenServer(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer a form."""
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, body = server.answer(form)
            self.send_response(status)
            if status in {302, 307}:
                self.send_header("Location", f"{server.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        if context:
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        server.url = f"http{'s' if context else ''}://127.0.0.1:{listening.server_address[1]}/token"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        listening.shutdown()
        thread.join()
