"""The first words of Kafka's protocol, by hand: a greeting and a login, one connection, no retries.

The clients try a connection again and again and keep its reason to their logs. Requests as in Kafka's protocol guide:
ApiVersions 0, SaslHandshake 1, SaslAuthenticate 0.
"""

import socket
import struct
from dataclasses import dataclass

_API_VERSIONS, _SASL_HANDSHAKE, _SASL_AUTHENTICATE = 18, 17, 36
_LARGEST_ANSWER = 1 << 20
NO_ERROR, UNSUPPORTED_MECHANISM, ILLEGAL_STATE, FAILED = 0, 33, 34, 58


class NotKafkaError(Exception):
    """What answers speaks another protocol, or closed the connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error code of Kafka's, what the broker says of it, and the bytes for the mechanism."""

    code: int
    message: str
    token: bytes


class Wire:
    """One connection. Every call raises `OSError`, or `NotKafkaError`."""

    def __init__(self, opened: socket.socket) -> None:
        self._opened = opened
        self._correlation = 0

    def greet(self) -> None:
        """Ask for the versions that the broker speaks, as every client does first."""
        self._ask(_API_VERSIONS, 0, b"")

    def offered(self, mechanism: str) -> tuple[int, list[str]]:
        """Ask to log in by a mechanism: Kafka's error code, and the mechanisms that the listener has."""
        body = self._ask(_SASL_HANDSHAKE, 1, _string(mechanism.encode()))
        try:
            code, count = struct.unpack_from(">hi", body)
            at, names = 6, []
            for _ in range(count):
                (length,) = struct.unpack_from(">h", body, at)
                names.append(body[at + 2 : at + 2 + length].decode("ascii", "replace"))
                at += 2 + length
        except struct.error:
            raise NotKafkaError from None
        return code, names

    def authenticate(self, token: bytes) -> Answer:
        """Say one step of a mechanism."""
        body = self._ask(_SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
        try:
            code, length = struct.unpack_from(">hh", body)
            message = body[4 : 4 + max(0, length)].decode("utf-8", "replace")
            at = 4 + max(0, length)
            (size,) = struct.unpack_from(">i", body, at)
        except struct.error:
            raise NotKafkaError from None
        return Answer(code, message, body[at + 4 : at + 4 + max(0, size)])

    def _ask(self, key: int, version: int, body: bytes) -> bytes:
        self._correlation += 1
        request = struct.pack(">hhi", key, version, self._correlation) + _string(b"fanal-check") + body
        self._opened.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", self._read(4))
        if not 4 <= length <= _LARGEST_ANSWER:
            raise NotKafkaError
        answer = self._read(length)
        if struct.unpack_from(">i", answer)[0] != self._correlation:
            raise NotKafkaError
        return answer[4:]

    def _read(self, length: int) -> bytes:
        read = b""
        while len(read) < length:
            piece = self._opened.recv(length - len(read))
            if not piece:
                raise NotKafkaError
            read += piece
        return read


def _string(value: bytes) -> bytes:
    return struct.pack(">h", len(value)) + value
