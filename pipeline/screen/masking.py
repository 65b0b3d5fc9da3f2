"""Contact data out of a text: each telephone, address, link and handle becomes a token, the same for the same contact.

`06 12 34 56 78` and `+33612345678` become one `[phone:...]`, `wa.me/33612345678` too; `@name`, `t.me/name` and
`telegram: name` become one `[handle:...]`. All is found in one pass from left to right by patterns with bounded
repeats, so that a hostile text costs little more than a long one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.screen.pseudonyms import Pseudonyms
from pipeline.screen.telephones import RUN, read_run, regions

MOST_NAMES = 64
SHORTEST_NAME = 3
LONGEST_NAME = 128

_INVISIBLE = r"\u00AD\u200B-\u200F\u2060\uFEFF"
_CHAR = rf"[\w.{_INVISIBLE}-]"
_LABEL = rf"[^\W_][\w{_INVISIBLE}-]{{0,62}}"
_AT = r"(?:[@＠]|\s?[(\[{]\s?(?:at|arobase|собака)\s?[)\]}]\s?)"
_DOT = r"(?:\.|\s?[(\[{]\s?dot\s?[)\]}]\s?)"
_REST = r"[^\s<>\"]{1,4000}"
_BARE_ENDINGS = "com|net|org|info|biz|xyz|online|site|shop|club|link|app|io|example"
_SERVICE = (
    "telegram|телеграм+|تيليجرام|تلجرام|تلگرام|टेलीग्राम|tg|insta(?:gram)?|ig|whats ?app|ватсап|واتساب|واتس|wa|viber"
    "|вайбер|فايبر|signal|snap(?:chat)?|imo|ايمو|skype|wechat|weixin|微信|line|zalo|kik|threema|wickr|messenger"
    "|facebook|fb|tik ?tok|discord|dm|pm|ib|inbox|mp|pisz|priv(?:ate?)?|лс|личк[ау]"
)
_MARK = r"(?:[\s:=>→👉–—-]|\b(?:id|is|user|username|name|nick)\b){1,8}"
_NAME = r"[a-z][a-z0-9_.]{1,62}[a-z0-9_]"
_PATTERNS = {
    "scheme": rf"(?:[a-z][a-z0-9+.-]{{1,15}}://|(?<![a-z0-9])(?:mailto|tel|sms):){_REST}",
    "email": rf"(?:{_CHAR}|\+){{1,64}}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{1,6}}",
    "did": r"(?<![a-z0-9])did:[a-z]{2,16}:[\w.:%-]{1,256}",
    "domain": rf"(?<![a-z0-9-])(?:[a-z0-9-]{{1,63}}\.){{1,5}}(?:[a-z]{{2,12}}/{_REST}|(?:{_BARE_ENDINGS})(?![\w-]))",
    "handle": rf"[@＠](?={_CHAR}{{0,62}}[^\W\d])\w(?:{_CHAR}{{0,62}}\w)?(?:[@＠]{_LABEL}(?:\.{_LABEL}){{1,5}})?",
    "underscored": r"(?<![\w@＠.-])(?=\w{0,62}[a-z])[a-z0-9]\w{1,62}_\w{1,62}(?![\w@＠])",
    "service": rf"(?<![^\W\d_])(?:{_SERVICE})(?P<mark>{_MARK})(?P<name>{_NAME})(?!\.?[\w/:]|[@＠]{_LABEL}{_DOT}{_LABEL})",
    "digits": RUN,
}
_contact = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()), re.IGNORECASE)

_CALL_LINK = re.compile(
    r"(?:(?:https?://)?(?:wa\.me|(?:api|web)\.whatsapp\.com)/|(?:whatsapp|viber|tel|sms):)"
    r"[^\d%]{0,40}(?:%2B)?(\d{7,15})(?!\w)",
    re.IGNORECASE,
)
_PROFILE_LINK = re.compile(
    r"(?:https?://)?(?:www\.)?"
    r"(?:(?:t|telegram)\.me/(?:s/)?|telegram\.dog/|instagram\.com/|snapchat\.com/add/|tiktok\.com/@)"
    r"(?!joinchat|addstickers|share|p/|reel/)([a-z][\w.]{1,62}\w)(?:[/?#].{0,400})?",
    re.IGNORECASE,
)
_NO_NAMES = re.compile(
    "and|app|are|call|chat|channel|click|com|contact|dm|for|from|group|have|here|info|join|link|message|msg|now|number"
    "|only|text|the|type|write|you|your",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}'\"»”’…،؛。"


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without contact data; `contacts` are its tokens (`phone:...`), each once, `kinds` their sorts."""

    text: str
    contacts: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Contact:
    start: int
    end: int
    kind: str
    value: str


def mask(text: str, langs: Sequence[str], pseudonyms: Pseudonyms, names: Sequence[str] = ()) -> Masked:
    """Replace contact data by tokens.

    `langs` are the likely languages, the likeliest first (they say which countries' numbers to expect); `names` are
    handles to mask wherever they stand: the author's, and those of the accounts that the post mentions.
    """
    parts, tokens, at = [], [], 0
    for contact in _contacts(text, regions(langs), names):
        token = f"{contact.kind}:{pseudonyms.token(contact.kind, contact.value)}"
        parts += [text[at : contact.start], f"[{token}]"]
        tokens.append(token)
        at = contact.end
    unique = tuple(dict.fromkeys(tokens))
    return Masked("".join(parts) + text[at:], unique, tuple(sorted({token.partition(":")[0] for token in unique})))


def handle_value(name: str) -> str:
    """The one spelling of a handle: no sign before it, no case, nothing invisible."""
    return re.sub(f"[{_INVISIBLE}]", "", name).lstrip("@＠").casefold()


def _contacts(text: str, among: Sequence[str], names: Sequence[str]) -> list[_Contact]:
    """All contacts in order; where two overlap, the one that starts first takes in the other."""
    found = [contact for match in _contact.finditer(text) for contact in _read(match, among)]
    found += _known(text, names)
    apart: list[_Contact] = []
    for contact in sorted(found, key=lambda contact: (contact.start, -contact.end)):
        if apart and contact.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, contact.end))
        else:
            apart.append(contact)
    return apart


def _known(text: str, names: Sequence[str]) -> list[_Contact]:
    """Where the names stand, the longest first; a name of one or two characters could be any word."""
    usable = {name.lstrip("@＠") for name in names[:MOST_NAMES]}
    kept = sorted((name for name in usable if SHORTEST_NAME <= len(name) <= LONGEST_NAME), key=len, reverse=True)
    if not kept:
        return []
    either = "|".join(map(re.escape, kept))
    found = re.finditer(rf"[@＠]?(?<![a-z0-9_])(?:{either})(?![a-z0-9_])", text, re.IGNORECASE)
    return [_Contact(match.start(), match.end(), "handle", handle_value(match.group())) for match in found]


def _read(match: re.Match[str], among: Sequence[str]) -> Iterator[_Contact]:
    """The contacts in what a pattern matched: none, one, or several numbers."""
    start, end = match.span()
    found = match.group()
    match match.lastgroup:
        case "digits":
            for number in read_run(match.string, start, end, among):
                yield _Contact(number.start, number.end, number.kind, number.value)
        case "scheme" | "domain":
            yield _link(found.rstrip(_TRAILING), start, among)
        case "email":
            yield _Contact(start, end, "email", _address(found))
        case "service":
            if _names_someone(match["mark"], match["name"]):
                yield _Contact(match.start("name"), end, "handle", handle_value(match["name"]))
        case _:
            yield _Contact(start, end, "handle", handle_value(found))


def _address(found: str) -> str:
    return handle_value(re.sub(_DOT, ".", re.sub(_AT, "@", found, flags=re.IGNORECASE), flags=re.IGNORECASE))


def _link(link: str, start: int, among: Sequence[str]) -> _Contact:
    """A link is its target: a number to call, an account, or an address."""
    end = start + len(link)
    if call := _CALL_LINK.match(link):
        number = read_run("+" + call[1], 0, len(call[1]) + 1, among)
        return _Contact(start, end, "phone", number[0].value if number else call[1])
    if link.lower().startswith("mailto:"):
        return _Contact(start, end, "email", link[7:].partition("?")[0].casefold())
    if profile := _PROFILE_LINK.fullmatch(link):
        return _Contact(start, end, "handle", handle_value(profile[1]))
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.IGNORECASE)
    host, slash, path = bare.partition("/")
    return _Contact(start, end, "link", (host.lower() + slash + path).rstrip("/"))


def _names_someone(mark: str, name: str) -> bool:
    """After a colon any name counts; after a space only what no word looks like (`anna_example`, `x99`)."""
    if _NO_NAMES.fullmatch(name):
        return False
    return bool(re.search(r"[:=>→👉]", mark)) or bool(re.search(r"\d|[a-z][_.][a-z]|_$", name, re.IGNORECASE))
