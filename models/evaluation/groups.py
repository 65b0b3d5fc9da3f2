"""Into which groups rows are sorted before shares of them are stated."""

import re

from models.dataset import Row
from models.examples import LANES

PUBLIC = ("news", "campaign", "research")
"""Groups of benign posts that speak of offers for the public's good."""

PLAIN = "other"
PARITY = {
    "labour": ("job_hospitality", "job_construction", "job_transport", "job_agriculture", "job_domestic"),
    "intimate": ("modelling", "hostess", "online_content", "loverboy"),
}
"""Subtypes of recruitment for labour, and those that mostly aim at women: neither may be found less often."""

_BANDS = ((40, "under 40"), (60, "40 to 59"), (80, "60 to 79"), (120, "80 to 119"))
_LONGEST = "120 and more"

# What the author of a benign example noted as its reason (`why`), in this order: the first that fits counts.
_BENIGN = tuple(
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        ("research", r"research|statistic|academic|thesis"),
        ("news", r"news|court|report|journalis|headline"),
        ("campaign", r"campaign|awareness|prevention|hotline|\bngo\b|union|warn"),
        ("debate", r"debate|politic|opinion|activis"),
        ("independent sex work", r"sex work|independent|escort|massage"),
        ("au pair", r"au[ _-]?pair"),
        ("casting and content", r"casting|model|creator|influencer|webcam|content|shoot|extras"),
        ("easy money and spam", r"\bmlm\b|multi-?level|easy|spam|crypto|betting|forex|gambling|lottery|scheme"),
        ("marriage and dating", r"marri|dating|wedding|match|matrimon|couple|romance"),
        ("official, visas, papers", r"consul|legal|lawful (?!ride|border)|visa|embassy|resettle|reunion|asylum|permit"
         r"|passport|citizen|paper|notar|lawyer|transl|official|notice"),
        ("honest job", r"vacanc|job|hiring|recruit|employ|work|intern|apprentic|agency|hotel|harvest|nanny|domestic"
         r"|carer|live-in|crew|driver|household|home help|restaurant|honest terse|terse honest"),
        ("study and sport", r"scholar|stud(?:y|ent)|football|sport|trial|school|course|universit|academy|gym"),
        ("travel and moving", r"ride|moving|holiday|trip|pilgrim|travel|taxi|tour|coach|\bbus\b|ferry|flight|boat"
         r"|package|lift|cruise|border|hajj|umrah|car share|carpool|commut|road|airport"),
        ("goods and money", r"goods|transfer|parcel|sale|sell|price|courier|shop|rent|market|deliver|exchange"
         r"|remittance|freight|bank"),
        ("jokes, songs, films", r"joke|song|film|lyric|game|meme|iron(?:y|ic)|book|series|concert"),
        ("questions", r"ask|question|comment"),
        ("migrants' own stories", r"migrant|stor(?:y|ies)|diaspora|family|memory|arrival"),
    )
)  # fmt: skip


def benign_group(row: Row) -> str:
    """Name what sort of benign post a row is, from the reason that its author noted."""
    return next((name for name, words in _BENIGN if words.search(row.why)), PLAIN)


def length_band(row: Row) -> str:
    """Name the band of characters that a text falls into."""
    return next((name for limit, name in _BANDS if len(row.text) < limit), _LONGEST)


def author_split(row: Row) -> str:
    """Name the part of the authors or articles that a row belongs to; each part was held out once, whole."""
    return f"{row.origin}, part {row.fold + 1}"


def kind_and_origin(row: Row) -> str:
    """Name the kind of a row and for what it was written."""
    return f"{row.kind}, {row.origin}"


def is_offer(row: Row) -> bool:
    """Whether the row is a recruitment or smuggling offer."""
    return row.kind in LANES["offers"]


def is_hard_benign(row: Row) -> bool:
    """Whether the row is a benign example that resembles an offer."""
    return row.kind == "benign" and row.hard


def is_public(row: Row) -> bool:
    """Whether the row is a benign example of news, of a campaign or of research."""
    return row.kind == "benign" and not row.is_background and benign_group(row) in PUBLIC


def is_counted_background(row: Row) -> bool:
    """Whether the row counts in a rate of false hits."""
    return row.is_background and row.measured
