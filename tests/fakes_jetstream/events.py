"""Events as Jetstream tells them, on either wire, made from a seed: everyday sentences in many languages, nobody's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, overload

SENTENCES = {
    "en": "The ferry was late again, but the sea was calm and the light was good.",
    "fr": "Le marché du samedi a rouvert et les pêches sentent enfin l'été.",
    "es": "Hoy ha llovido toda la tarde y el gato duerme encima de la radio.",
    "de": "Der Zug nach Kiel hatte heute einen Wagen mit offenen Fenstern.",
    "it": "Domani la biblioteca resta aperta fino a tardi per la festa del quartiere.",
    "pt": "A padaria da esquina mudou a receita do pão e ficou ainda melhor.",
    "tr": "Bu sabah sahilde yürürken eski bir arkadaşıma rastladım.",
    "ar": "كان الطقس جميلا اليوم وخرجنا نمشي قرب النهر بعد العصر.",
    "fa": "امروز کتابخانه خلوت بود و دو ساعت در آرامش کتاب خواندم.",
    "uk": "Сьогодні в парку розцвіли перші каштани, усе пахне весною.",
    "ru": "На рынке появились первые яблоки, кислые, но очень вкусные.",
    "hi": "आज बारिश के बाद हवा बहुत साफ थी और हमने छत पर चाय पी।",
    "vi": "Sáng nay quán cà phê đầu ngõ mở nhạc cũ nghe thật dễ chịu.",
    "th": "วันนี้อากาศดีมาก เลยไปเดินเล่นที่สวนกับน้องหมา",
    "ja": "今日は駅前の花屋が新しくなっていて、黄色い花を一本買った。",
    "zh": "今天傍晚的云很好看，大家都停下来拍照。",
    "am": "ዛሬ ጠዋት ቡና ጠጥተን ስለ ዝናቡ ብዙ ተጨዋወትን።",
    "tl": "Masarap ang sinigang ng kapitbahay namin kaninang tanghali.",
}
_BASE32 = "234567abcdefghijklmnopqrstuvwxyz"
_MIX = ("post",) * 80 + ("delete",) * 9 + ("update",) + ("account",) * 4 + ("identity",) * 6
EARLIEST_US, LATEST_US = -6_500, 8_900
"""How far an event's time on v1 may stand from its place in the order, in microseconds, as was recorded."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: who, when a host saw it, of what kind; `body` is the JSON that v1 puts under the kind's name.

    `name` is the at-uri of a commit to a post, `version` its cid. `jitter_us` moves the time that v1 shows.
    """

    did: str
    time_us: int
    kind: str
    body: str
    operation: str = ""
    name: str = ""
    version: str = ""
    jitter_us: int = 0

    def v1(self) -> bytes:
        """The frame of `/subscribe`."""
        return (
            f'{{"did":"{self.did}","time_us":{self.time_us + self.jitter_us},"kind":"{self.kind}","{self.kind}":{self.body}}}'
        ).encode()

    def v2(self, seq: int) -> bytes:
        """The frame of `subscribeEvents`: a commit's fields flat, the others' under their name."""
        when = _rfc3339(self.time_us)
        rest = self.body[1:-1] if self.kind == "commit" else f'"{self.kind}":{self.body}'
        return (
            f'{{"$type":"message","payload":{{"$type":"network.bsky.jetstream.subscribeEvents#{self.kind}",'
            f'"did":"{self.did}","seq":{seq},"time":"{when}","witnessedAt":"{when}",{rest}}}}}'
        ).encode()


class Synthetic(Sequence[Happened]):
    """So many events of a seed, each made when it is asked for: posts and replies, edits, deletions, accounts, handles.

    Event i is the same whoever asks. They are `spacing_us` apart, the first at `start`: a minute from now, so that whoever
    reads them from now on begins with the first.
    """

    def __init__(self, count: int, seed: int = 0, start: datetime | None = None, spacing_us: int = 1_000) -> None:
        self._count = count
        self._seed = seed
        self._start_us = round((start or datetime.now(UTC) + timedelta(minutes=1)).timestamp() * 1e6)
        self._spacing_us = spacing_us
        self._bodies = [_record(Random(f"{seed}/{n}"), n % 3) for n in range(997)]  # prime: does not beat with the mix

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Happened: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Happened]: ...

    def __getitem__(self, index: int | slice) -> Happened | Sequence[Happened]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._make(index % self._count)

    def kind_of(self, index: int) -> str:
        """Which of the mix event i is: `post`, `update`, `delete`, `account`, `identity`."""
        kind = _MIX[self._hash(index) % len(_MIX)]
        return "post" if kind in ("delete", "update") and self._before(index) is None else kind

    def _make(self, index: int) -> Happened:
        time_us = self._start_us + index * self._spacing_us
        kind, noise = self.kind_of(index), self._hash(index)
        jitter = EARLIEST_US + noise % (LATEST_US - EARLIEST_US)
        did = self._did(index)
        if kind in ("identity", "account"):
            status = ("deactivated", "deleted", "takendown", "suspended", "desynchronized")[noise // 100 % 5]
            about = f',"active":false,"status":"{status}"' if kind == "account" else ""
            return Happened(did, time_us, kind, f'{{"did":"{did}"{about}}}', jitter_us=jitter)
        return self._commit(index, kind, time_us, jitter)

    def _commit(self, index: int, kind: str, time_us: int, jitter: int) -> Happened:
        of = self._before(index) if kind in ("update", "delete") else index
        assert of is not None
        did, rkey = self._did(of), tid(self._start_us + of * self._spacing_us)
        operation = kind if kind in ("update", "delete") else "create"
        head = f'"rev":"{tid(time_us)}","operation":"{operation}","collection":"app.bsky.feed.post","rkey":"{rkey}"'
        name = f"at://{did}/app.bsky.feed.post/{rkey}"
        if kind == "delete":
            return Happened(did, time_us, "commit", f"{{{head}}}", operation, name, jitter_us=jitter)
        version = f"bafyrei{index:052d}"
        record = self._bodies[index % len(self._bodies)].replace("@CREATED@", _rfc3339(time_us)[:23] + "Z")
        body = f'{{{head},"cid":"{version}","record":{record}}}'
        return Happened(did, time_us, "commit", body, operation, name, version, jitter)

    def _before(self, index: int) -> int | None:
        """The post that an edit or a deletion is about: a plain one, not long before."""
        for back in range(3, 40):
            if index >= back and _MIX[self._hash(index - back) % len(_MIX)] == "post":
                return index - back
        return None

    def _did(self, index: int) -> str:
        return f"did:plc:{self._hash(index ^ 0x5BD1) % 10**9:024d}"

    def _hash(self, index: int) -> int:
        """A number that looks like chance: the finaliser of MurmurHash3 over index and seed."""
        mixed = (index * 0x9E3779B1 + self._seed * 0x85EBCA77 + 1) & 0xFFFFFFFF
        mixed = ((mixed ^ mixed >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
        mixed = ((mixed ^ mixed >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
        return mixed ^ mixed >> 16


def seen_as(events: Sequence[Happened]) -> set[tuple[str, str]]:
    """(native id, version) of every post and edit: what must have arrived, each at least once."""
    return {(one.name, one.version) for one in events if one.version}


def tid(time_us: int) -> str:
    """A key as clients make it from the time."""
    number = time_us << 10 & (1 << 63) - 1
    return "".join(_BASE32[number >> shift & 31] for shift in range(60, -1, -5))


def _rfc3339(time_us: int) -> str:
    whole, part = divmod(time_us, 1_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{part:06d}Z"


def _record(random: Random, shape: int) -> str:
    """A record without its time: plain, a reply, or with facets and an embed."""
    lang = random.choice(sorted(SENTENCES))
    text = f"{SENTENCES[lang]} {random.randrange(10**6)} #quay"
    record: dict[str, Any] = {"$type": "app.bsky.feed.post", "createdAt": "@CREATED@", "langs": [lang], "text": text}
    parent = {
        "cid": "bafyrei" + "a" * 52,
        "uri": f"at://did:plc:{random.randrange(10**9):024d}/app.bsky.feed.post/3l3qo2vuowo2b",
    }
    if shape == 1:
        record |= {"reply": {"parent": parent, "root": parent}}
    if shape == 2:
        end = len(text.encode())
        image = {"$type": "blob", "ref": {"$link": "bafkrei" + "b" * 52}, "mimeType": "image/jpeg", "size": 71_234}
        facet = {
            "index": {"byteStart": end - 5, "byteEnd": end},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "quay"}],
        }
        images = [{"alt": "a quay", "aspectRatio": {"height": 900, "width": 1200}, "image": image}]
        record |= {"facets": [facet], "embed": {"$type": "app.bsky.embed.images", "images": images}}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
