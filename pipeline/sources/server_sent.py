"""Server-sent events from bytes, however the network cut them (WHATWG HTML, 9.2). Pure.

Works on bytes, so that a character cut in two is whole again, and each event's data can be hashed as received. What stands
after the last blank line is no event: a stream that is cut inside one loses it, and the gap is filled by other means.
"""

from dataclasses import dataclass

MAX_EVENT = 8 << 20
"""Bytes of an event's data that are kept whole."""
KEPT_OF_OVERLONG = 1 << 20
_MAX_LINE = MAX_EVENT + 64


@dataclass(frozen=True, slots=True)
class Frame:
    """An event: its name (`message` where it has none), its data, and whether that was cut for being over 8 MiB."""

    event: str
    data: bytes
    cut: bool = False


class Frames:
    """Puts an event stream together. Holds one event at most: 8 MiB, whatever comes."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._skipping = False
        self._begin()

    def _begin(self) -> None:
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0
        self._cut = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take what came; give the events that it completed. Comments (`:thump`) and fields that say nothing here pass."""
        frames = []
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            self._take(part)
            line = bytes(self._line).removesuffix(b"\r")
            self._line.clear()
            self._skipping = False
            if frame := self._read(line):
                frames.append(frame)
        self._take(rest)
        return frames

    def _take(self, part: bytes) -> None:
        """Lengthen the line, up to what is kept."""
        if self._skipping:
            return
        self._line += part
        if len(self._line) > _MAX_LINE:
            del self._line[KEPT_OF_OVERLONG:]
            self._skipping = self._cut = True

    def _read(self, line: bytes) -> Frame | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._event = value[:64].decode("utf-8", "replace")
        elif name == b"data":
            self._add(value)
        return None

    def _add(self, value: bytes) -> None:
        if self._size + len(value) > MAX_EVENT:
            value, self._cut = value[: max(0, KEPT_OF_OVERLONG - self._size)], True
        self._data.append(value)
        self._size += len(value) + 1

    def _dispatch(self) -> Frame | None:
        frame = Frame(self._event or "message", b"\n".join(self._data), self._cut) if self._data else None
        self._begin()
        return frame
