"""How fast frames of Jetstream become posts: decoding and normalising, on one core, without a socket.

The frames have the shape of recorded ones (600 to 1,300 bytes for a post) and a mix as on the wire: posts and replies with
facets, pictures and cards, edits, deletions, accounts, handles. Their texts are those of the sample posts.

    python -m pipeline.benchmarks.jetstream
"""

import json
import os
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from pipeline.benchmarks.load import sample_posts
from pipeline.benchmarks.machine import machine
from pipeline.posts import Post
from pipeline.sources.jetstream_wire import Wire, hear

ROUNDS = 5
_COUNT = 20_000
_START_US = 1_790_000_000_000_000
_CREATED = "2026-09-21T14:13:20.123Z"
_DID = "did:plc:{:024d}"
_CID = "bafyrei{:052d}"
_MIX = (
    ("post",) * 28
    + ("reply",) * 27
    + ("rich",) * 25
    + ("update",)
    + ("delete",) * 9
    + ("account",) * 4
    + ("identity",) * 6
)


def measure(wire: Wire, count: int = _COUNT, rounds: int = ROUNDS) -> dict[str, Any]:
    """Decode and normalise so many frames again and again; the median counts.

    Gives events a second of the clock and of the processor's time, and the mean bytes of a frame.
    """
    frames = frames_of(wire, count)
    clocks, cpus = zip(*(_round(wire, frames) for _ in range(rounds)), strict=True)
    return {
        "wire": wire,
        "events_per_s": round(count / median(clocks)),
        "events_per_cpu_s": round(count / median(cpus)),
        "rounds": [round(count / one) for one in cpus],
        "bytes_per_event": round(sum(map(len, frames)) / count),
    }


def frames_of(wire: Wire, count: int) -> list[bytes]:
    """So many frames, the same each time."""
    texts = [post.text for post in sample_posts()]
    return [_frame(wire, number, _MIX[number * 37 % len(_MIX)], texts[number % len(texts)]) for number in range(count)]


def _round(wire: Wire, frames: Sequence[bytes]) -> tuple[float, float]:
    clock, cpu, posts = time.perf_counter(), time.process_time(), 0
    for raw in frames:
        posts += isinstance(hear(wire, raw, "bench", _START_US).event, Post)
    spent = time.perf_counter() - clock, time.process_time() - cpu
    if not posts > len(frames) // 2:
        raise AssertionError("the frames of the benchmark are not read as posts")
    return spent


def _frame(wire: Wire, number: int, what: str, text: str) -> bytes:
    did = _DID.format(number * 7919)
    body: dict[str, Any] = {"did": did, "seq": 30_000_000_000 + number, "time": _CREATED}
    kind = what if what in ("account", "identity") else "commit"
    if kind == "commit":
        body = {
            "rev": f"3l3qo2{number % 1000:07d}".replace("0", "z").replace("1", "y").replace("8", "x").replace("9", "w")
        }
        body |= {"operation": what if what in ("update", "delete") else "create", "collection": "app.bsky.feed.post"}
        body |= {"rkey": "3l3qo2vuowo2b"}
        body |= {} if what == "delete" else {"record": _record(what, number, text), "cid": _CID.format(number)}
    elif kind == "account":
        body |= {"active": number % 2 == 0, "status": "deactivated"}
    event: dict[str, Any] = {"did": did, "time_us": _START_US - _COUNT + number, "kind": kind, kind: body}
    if wire == "v2":
        payload = {
            "$type": f"network.bsky.jetstream.subscribeEvents#{kind}",
            "did": did,
            "seq": number,
            "time": _CREATED,
        }
        event = {
            "$type": "message",
            "payload": payload | {"witnessedAt": _CREATED} | (body if kind == "commit" else {kind: body}),
        }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _record(what: str, number: int, text: str) -> dict[str, Any]:
    record = {"$type": "app.bsky.feed.post", "createdAt": _CREATED, "langs": ["en"], "text": text}
    strong = {"cid": _CID.format(number), "uri": f"at://{_DID.format(number)}/app.bsky.feed.post/3l3qo2vuowo2b"}
    if what == "reply":
        return record | {"reply": {"parent": strong, "root": strong}}
    if what != "rich":
        return record
    index, size = {"byteStart": 0, "byteEnd": 5}, {"height": 900, "width": 1200}
    link = {"index": index, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org/a"}]}
    tag = {"index": index, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "quay"}]}
    blob = {"$type": "blob", "ref": {"$link": _CID.format(number)}, "mimeType": "image/jpeg", "size": 71_234}
    external = {"uri": "https://example.org/a", "title": "A page", "description": "What it says", "thumb": blob}
    images = {"$type": "app.bsky.embed.images", "images": [{"alt": "a quay", "aspectRatio": size, "image": blob}]}
    card = {"$type": "app.bsky.embed.external", "external": external}
    return record | {"facets": [link, tag], "embed": images if number % 2 else card}


def main() -> None:
    """Print a line of JSON for each wire."""
    for wire in ("v1", "v2"):
        print(json.dumps({"bench": "jetstream", "machine": machine(), "load": os.getloadavg()[0]} | measure(wire)))


if __name__ == "__main__":
    main()
