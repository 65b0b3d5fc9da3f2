"""Small stand-ins for what the core is given: a classifier, a stream, an outbox, an index, a broker's topics, a producer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from cryptography.fernet import Fernet

from pipeline.agents import CatchUp, Memory
from pipeline.broker.reader import Reader, Record
from pipeline.codec import encode, lines
from pipeline.delivery import Outgoing
from pipeline.posts import Hit, Post, Screened
from pipeline.screen.assessments import Assessment, Sifted, Unsifted
from pipeline.screen.evidence import Seal
from pipeline.screen.hits import make_hit
from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.screening import Screen
from pipeline.screen.seen import Seen

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFER = "offer"
"""A text with this word is a hit for the fake classifier."""
HOSTILE = "hostile"
"""On a text with this word the fake classifier fails."""
NAMES = Pseudonyms(b"only for tests, 32 bytes or more.", "k1")
SEAL = Seal(Fernet.generate_key(), "k1")


def post(number: int = 1, text: str = "good morning", **more: Any) -> Post:
    """A post that can be read."""
    return Post(platform="push", native_id=f"n-{number}", text=text, created_at=NOW, **more)


@dataclass(frozen=True)
class Assessed:
    """An assessment as the classifier gives it."""

    kind: str = "benign"
    scores: Mapping[str, float] = field(default_factory=lambda: {"benign": 0.9, "smuggling": 0.1})
    lane: str | None = None
    flagged: bool = False
    level: str | None = None
    model: str = "fake-1"
    calibrated: bool = True
    odds: tuple[float, float] = (0.0, 0.0)
    context: tuple[str, ...] = ()
    subtypes: tuple[str, ...] = ()
    vector: tuple[float, ...] | None = None


SMUGGLING = Assessed("smuggling", {"benign": 0.1, "smuggling": 0.9}, "offers", True, "alert")


@dataclass
class Judge:
    """Takes texts with the word `offer`, or another, for smuggling; fails on `hostile`, and on everything while `away`."""

    model: str = "fake-1"
    away: bool = False
    offer: str = OFFER
    asked: list[Sequence[str]] = field(default_factory=list)

    def assess(self, texts: Sequence[str], langs: Sequence[str]) -> Sequence[Assessment]:
        """One assessment a text."""
        assert len(texts) == len(langs)
        self.asked.append(texts)
        if self.away or any(HOSTILE in text for text in texts):
            raise RuntimeError(f"cannot judge {texts}")
        return [SMUGGLING if self.offer in text else Assessed() for text in texts]

    def sift(self, texts: Sequence[str]) -> Sifted:
        """Every text is a suspect."""
        return Unsifted(texts, self.assess)


@dataclass
class Pair:
    """Two classifiers on the same posts; the second fails as the first does."""

    active: Judge = field(default_factory=Judge)
    shadow: Judge = field(default_factory=lambda: Judge(model="shadow-1"))
    lanes: Sequence[str] = ("offers", "exploitation", "protection")

    @property
    def model(self) -> str:
        """The first one's."""
        return self.active.model

    def assess(
        self, texts: Sequence[str], langs: Sequence[str]
    ) -> tuple[Sequence[Assessment], Callable[[], Sequence[Assessment]]]:
        """What the first says, and a call that says what the second does."""
        return self.active.assess(texts, langs), partial(self.shadow.assess, texts, langs)


class French:
    """Takes every text for French."""

    def identify(self, text: str, hints: Sequence[str] = ()) -> tuple[str, ...]:
        """Always French."""
        return ("fr",)


hit_of = partial(make_hit, pseudonyms=NAMES, seal=SEAL.seal)
"""Makes hits with the keys of the tests."""


def a_screen(judge: Judge | None = None, per_partition: int = 1000) -> Screen:
    """A screen over the fake classifier, with an empty memory."""
    return Screen(judge=judge or Judge(), languages=French(), seen=Seen(per_partition), make_hit=hit_of)


@dataclass
class Message:
    """What Faust knows of a record."""

    partition: int
    offset: int
    value: bytes | None
    timestamp: float = NOW.timestamp()
    headers: list[tuple[str, bytes | None]] | None = None


@dataclass
class Event:
    """A Faust event."""

    message: Message


def events(*values: bytes | None, partition: int = 0, start: int = 0) -> list[Event]:
    """Consecutive records of a partition."""
    return [Event(Message(partition, offset, value)) for offset, value in enumerate(values, start)]


class Stream:
    """Gives batches of events and notes, in one diary with the outbox, which were acknowledged."""

    def __init__(self, *batches: list[Event], diary: list[str] | None = None) -> None:
        self._batches = batches
        self.diary: list[str] = [] if diary is None else diary
        self.acknowledged: list[tuple[int, int]] = []

    async def noack_take(self, max_: int, within: float) -> AsyncIterator[list[Event]]:
        """The batches, one after the other."""
        for batch in self._batches:
            yield batch

    async def ack(self, event: Event) -> None:
        """Note it."""
        self.diary.append(f"ack {event.message.offset}")
        self.acknowledged.append((event.message.partition, event.message.offset))


class Outbox:
    """Keeps what is delivered. While `open` is cleared, delivering waits, as it does while the broker is away."""

    def __init__(self, diary: list[str] | None = None) -> None:
        self.diary: list[str] = [] if diary is None else diary
        self.delivered: list[Outgoing] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails = False

    async def deliver(self, records: Sequence[Outgoing]) -> None:
        """Keep the records."""
        await self.open.wait()
        if self.fails:
            raise ConnectionError("no broker")
        self.delivered += records
        self.diary += [record.topic for record in records]

    def of(self, topic: str) -> list[Outgoing]:
        """What went to one topic."""
        return [record for record in self.delivered if record.topic == topic]


class Index:
    """Holds hits by id; refuses those whose text says so, and knows what was erased: before it is written, or meanwhile."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.away = False
        self.buried: set[str] = set()
        self.buried_meanwhile: set[str] = set()

    async def write(self, hits: Sequence[Hit]) -> list[tuple[Hit, str]]:
        """Write, and return what is refused."""
        if self.away:
            await asyncio.Event().wait()
        refused = [hit for hit in hits if "refuse" in hit.document.text]
        self.held |= {hit.id: hit.index_version for hit in hits if hit not in refused}
        return [(hit, "mapper_parsing_exception") for hit in refused]

    async def present(self, ids: Mapping[str, int]) -> set[str]:
        """Which stand here at this version or a later one."""
        return {id_ for id_, version in ids.items() if self.held.get(id_, -1) >= version}

    async def erased(self, ids: Collection[str]) -> set[str]:
        """Which were erased."""
        return set(ids) & self.buried

    async def unerased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Those that were not erased."""
        return [hit for hit in hits if hit.id not in self.buried]

    async def withdraw_erased(self, hits: Sequence[Hit]) -> list[Hit]:
        """Drop those that were erased meanwhile."""
        self.buried |= self.buried_meanwhile
        for id_ in self.buried:
            self.held.pop(id_, None)
        return await self.unerased(hits)


class Broker(Reader):
    """Topics in memory, read as `pipeline.broker.reader.Reader` reads them."""

    def __init__(self, partitions: int = 2) -> None:
        self.count = partitions
        self.topics: dict[str, list[list[Record]]] = {}

    def put(
        self, topic: str, partition: int, value: bytes, headers: Mapping[str, bytes] | None = None, at: int = 0
    ) -> int:
        """Append a record; returns its offset."""
        held = self._held(topic)[partition]
        held.append(Record(partition, held[-1].offset + 1 if held else 0, at, value, headers or {}))
        return held[-1].offset

    def put_keyed(self, topic: str, key: bytes, value: bytes) -> None:
        """Append a record with a key to the first partition."""
        held = self._held(topic)[0]
        held.append(Record(0, held[-1].offset + 1 if held else 0, 0, value, {}, key))

    def put_all(self, records: Sequence[Outgoing], at: int = 0) -> None:
        """Append what an outbox took."""
        for record in records:
            self.put(record.topic, record.partition or 0, record.value, record.headers, at)

    def drop(self, topic: str, partition: int, index: int) -> None:
        """Lose a record."""
        del self._held(topic)[partition][index]

    def _held(self, topic: str) -> list[list[Record]]:
        return self.topics.setdefault(topic, [[] for _ in range(self.count)])

    async def partitions(self, topic: str) -> list[int]:
        """As many as the fake was made with."""
        return list(range(len(self._held(topic))))

    async def begins(self, topic: str) -> dict[int, int]:
        """The first offsets."""
        return {p: held[0].offset if held else 0 for p, held in enumerate(self._held(topic))}

    async def ends(self, topic: str) -> dict[int, int]:
        """The offsets after the last."""
        return {p: held[-1].offset + 1 if held else 0 for p, held in enumerate(self._held(topic))}

    async def at(self, topic: str, timestamp_ms: int) -> dict[int, int]:
        """The first offsets not older than a time."""
        ends = await self.ends(topic)
        return {
            p: next((record.offset for record in held if record.timestamp_ms >= timestamp_ms), ends[p])
            for p, held in enumerate(self._held(topic))
        }

    async def records(self, topic: str, partition: int, start: int, end: int) -> AsyncIterator[Record]:
        """The records of a range."""
        for record in self._held(topic)[partition]:
            if start <= record.offset < end:
                yield record


@dataclass
class Sent:
    """A record that a producer sent."""

    partition: int
    value: bytes
    headers: dict[str, bytes]


class KafkaProducer:
    """aiokafka's producer, as `PostProducer` needs it."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[Sent] = []
        self._failure = failure

    async def send_and_wait(
        self, topic: str, value: bytes, *, partition: int, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        """Keep the record."""
        if self._failure:
            raise self._failure
        self.sent.append(Sent(partition, value, dict(headers)))

    def lines(self) -> list[bytes]:
        """All lines sent."""
        return [line for record in self.sent for line in lines(record.value)]


class FaustApp:
    """A Faust application whose topics acknowledge by a script: an exception a failed send, None a success."""

    def __init__(self, *script: BaseException | None) -> None:
        self._script = list(script)
        self.sent: list[tuple[str, bytes]] = []

    def topic(self, name: str, **_: Any) -> "FaustTopic":
        """A topic of this application."""
        return FaustTopic(self, name)

    def answer(self) -> BaseException | None:
        """What becomes of the next send."""
        return self._script.pop(0) if self._script else None


@dataclass
class FaustTopic:
    """A topic whose `send` returns the delivery, to be awaited."""

    app: FaustApp
    name: str

    async def send(self, *, value: bytes, **_: Any) -> "asyncio.Future[None]":
        """Queue the record; the future is the delivery."""
        delivery: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self.app.answer()
        if answer is None:
            self.app.sent.append((self.name, value))
            delivery.set_result(None)
        elif isinstance(answer, asyncio.CancelledError):
            delivery.cancel()
        else:
            delivery.set_exception(answer)
        return delivery


def recalls(*records: Screened) -> Callable[[int], Any]:
    """A recall that remembers these records."""

    async def recall(partition: int) -> list[Screened]:
        return [record for record in records if record.partition == partition]

    return recall


def remembers(*records: Screened, catch_up: CatchUp | None = None) -> Memory:
    """The memory of a screening agent: these records, and an erasure topic that holds nothing more."""

    async def nothing_more() -> None:
        """All is known."""

    return Memory(recalls(*records), catch_up or nothing_more)


def packed(*posts: Post) -> bytes:
    """One record of these posts."""
    return b"\n".join(map(encode, posts))
