"""Invented hits with every field of a document filled, over a month: the same at every run but for the time."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.posts import Document, Evidence, Hit, Span

LANGUAGES = ("ar", "fa", "en", "fr", "es", "tr", "ru", "vi", "am", "pt", "und")
PLATFORMS = ("bluesky", "mastodon", "push", "feeds")
ROUTES = ("TR>GR", "LY>IT", "TR>IT", "FR>GB", "BY>PL", "MA>ES", "VN>GB", "ET>YE", "RS>HU")
POINTS = {
    "TR/İzmir": "38.42,27.14",
    "TR/Edirne": "41.68,26.56",
    "GR/Samos": "37.75,26.97",
    "LY/Zuwara": "32.93,12.08",
    "IT/Lampedusa": "35.50,12.61",
    "FR/Calais": "50.95,1.86",
    "GB/Dover": "51.13,1.31",
    "MA/Nador": "35.17,-2.93",
    "RS/Subotica": "46.10,19.67",
    "AE/Dubai": "25.20,55.27",
    "KH/Poipet": "13.66,102.56",
    "DJ/Obock": "11.96,43.29",
}
KINDS = ("smuggling", "recruitment", "distress", "sexual_exploitation")
SUBTYPES = {
    "smuggling": ("sea", "land", "air", "guide", "forged_documents", "testimonial_promo"),
    "recruitment": ("job_hospitality", "job_domestic", "scam_compound", "modelling", "forced_crime", "job_agriculture"),
    "distress": ("abuse_warning", "testimony", "plea", "missing_person"),
    "sexual_exploitation": ("third_party_marketing", "sextortion", "premises"),
}
LANES = {
    "smuggling": "offers",
    "recruitment": "offers",
    "distress": "protection",
    "sexual_exploitation": "exploitation",
}
TEXTS = {
    "smuggling": "Boat from the coast this week, families welcome, pay after arrival. Write to [telephone:fjkdlsjfhgbnvmcaklpo]",
    "recruitment": "Hotel work abroad, no papers needed, visa and ticket paid. Contact [handle:abcdefghijklmnopqrst]",
    "distress": "They kept our passports and nobody was paid. Do not answer these offers. <b>Warning</b>",
    "sexual_exploitation": "New in town, ask the manager at [telephone:aaaabbbbccccddddeeee]",
}


def sample_hits(count: int, now: datetime, kinds: Sequence[str]) -> list[Hit]:
    """So many hits screened in the 30 days before `now`; `kinds` are the taxonomy's, each gets a score."""
    chance = random.Random(7)
    return [_hit(number, chance, now, kinds) for number in range(count)]


def _hit(number: int, chance: random.Random, now: datetime, kinds: Sequence[str]) -> Hit:
    kind = chance.choices(KINDS, (5, 4, 2, 1))[0]
    screened = now - timedelta(minutes=chance.uniform(5, 60 * 24 * 29))
    return Hit(
        id=f"sample-{number:05}",
        month=screened.strftime("%Y.%m"),
        index_version=number + 1,
        document=_document(number, kind, screened, (chance, now, kinds)),
        evidence=Evidence(key_id="k1", sealed="sealed"),
    )


Around = tuple[random.Random, datetime, Sequence[str]]
"""Chance, the time before which all happened, and the taxonomy's kinds."""


def _document(number: int, kind: str, screened: datetime, around: Around) -> Document:
    chance, _, _ = around
    document = Document(
        platform=chance.choice(PLATFORMS),
        lang=chance.choices(LANGUAGES, range(len(LANGUAGES), 0, -1))[0],
        lang_hint=("en",),
        created_at=screened - timedelta(minutes=3),
        received_at=screened - timedelta(seconds=2),
        screened_at=screened,
        text=f"{TEXTS[kind]} ({number})",
        version="1",
        position=f"0/{number}/0",
        key_id="k1",
        author=f"author-{chance.randrange(60)}",
        container=f"container-{chance.randrange(20)}",
        hashtags=("work",),
        in_reply_to="parent",
        repost_of="original",
        media_kinds=("image",),
        transport=chance.choice(("live", "backfill", "push")),
        source_id="source",
        vector="7f" + "00" * 383,
        **_assessed(kind, around),
    )
    return msgspec.structs.replace(document, **_named(chance), **_offered(kind, around))


def _assessed(kind: str, around: Around) -> dict[str, Any]:
    """What the classifier and the rules say."""
    chance, _, kinds = around
    own, cues = chance.uniform(0.6, 0.99), _cues(kind, chance)
    return {
        "kind": kind,
        "lane": LANES[kind],
        "flagged": LANES[kind] == "offers",
        "level": chance.choices(("review", "alert"), (4, 1))[0],
        "scores": {name: own if name == kind else (1 - own) / (len(kinds) - 1) for name in kinds},
        "model": chance.choice(("e5-small@3f2a", "e5-small@91bc")),
        "subtypes": (chance.choice(SUBTYPES[kind]),),
        "context": chance.choice(((), ("reply",), ("channel_recent",))),
        "priority": chance.choices(("urgent", "high", "normal"), (1, 3, 6))[0],
        "reasons": tuple(cues[:2]),
        "cues": tuple(cues),
        "cue_kinds": tuple(sorted({cue.partition(":")[0] for cue in cues})),
        "spans": (Span(kind="transport", start=0, end=4, rule="words/en", value="boat"),),
        "acts": ("transport",),
        "means": ("deception",),
        "purposes": ("profit",),
        "rules": (chance.choice(("raise-near-departure", "mute-campaign", "tag-vlogs")),),
        "tags": (chance.choice(("vlog", "campaign", "repeat")),),
    }


def _named(chance: random.Random) -> dict[str, Any]:
    """Contacts and places."""
    towns = chance.sample(sorted(POINTS), 2)
    return {
        "contacts": ("telephone:fjkdlsjfhgbnvmcaklpo",),
        "contact_kinds": tuple(chance.sample(("telephone", "handle", "email", "url"), chance.randrange(3))),
        "country": towns[0][:2],
        "places": tuple(towns),
        "place_countries": tuple(sorted({town[:2] for town in towns})),
        "place_points": tuple(POINTS[town] for town in towns),
    }


def _offered(kind: str, around: Around) -> dict[str, Any]:
    """What an offer says: most of smuggling name a route and a price, all a departure."""
    chance, now, _ = around
    route = chance.choices(ROUTES, range(len(ROUTES), 0, -1))[0]
    price = float(chance.choice((900, 1500, 2500, 3000, 4500, 7000)))
    routed, priced = (kind == "smuggling" and chance.random() < share for share in (0.8, 0.7))
    leaves = now + timedelta(hours=chance.uniform(-200, 300))
    lures = ("no_papers", "no_experience", "travel_paid", "visa_paid", "housing", "high_pay")
    return {
        "transport_modes": (chance.choice(("boat", "lorry", "car", "foot", "plane")),),
        "payment_terms": tuple(chance.sample(("after_arrival", "deposit", "hawala", "crypto", "per_head"), 2)),
        "document_kinds": (chance.choice(("passport", "visa", "residence")),),
        "lures": tuple(chance.sample(lures, 2)),
        "routes": (route,) if routed else (),
        "route_from": (route[:2],) if routed else (),
        "route_to": (route[3:],) if routed else (),
        "price_currencies": (chance.choice(("EUR", "USD", "TRY")),) if priced else (),
        "price_eur": (price,) if priced else (),
        "price_eur_per_head": price if priced else None,
        "departs_at": leaves if kind == "smuggling" else None,
    }


def _cues(kind: str, chance: random.Random) -> list[str]:
    common = ["telephone", "urgency", "secrecy"]
    own = {
        "smuggling": ["guarantee", "departure", "route", "price", "payment:after_arrival", "transport:boat"],
        "recruitment": ["lure:no_papers", "control:documents_kept", "control:debt", "sought:women", "sought:age"],
        "distress": ["plea", "violence", "place"],
        "sexual_exploitation": ["price", "threat:publish_pictures", "place"],
    }[kind]
    return chance.sample(own, min(3, len(own))) + chance.sample(common, 1)
