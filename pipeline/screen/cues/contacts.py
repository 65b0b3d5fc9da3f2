"""Where a text says how to reach someone: telephones, addresses, links and handles.

The masking of documents and the cues both stand on `contacts`: what an analyst could be shown as a contact is masked. The text is
read as it was written and with its evasion undone; all patterns have bounded repeats, so that a hostile text costs little more
than a long one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from models.undoing import Undone, undo
from pipeline.screen.cues.services import SERVICE
from pipeline.screen.telephones import RUN, read_run

_INVISIBLE = r"\u00AD\u200B-\u200F\u2060\uFEFF"
_CHAR = rf"[\w.{_INVISIBLE}-]"
_LABEL = rf"[^\W_][\w{_INVISIBLE}-]{{0,62}}"
_AT = (
    r"(?:[@＠]|\s?[(\[{]\s?(?:at|arobase|arroba|chiocciola|собака)\s?[)\]}]\s?"
    r"|\s(?:[@＠]|arobase|arroba|chiocciola|małpa|kukac|собака|собачка)\s)"
)
_DOT = (
    r"(?:\.|\s?[(\[{]\s?(?:dot|punto|point|ponto|punct|punkt|kropka|nokta|pika|τελεία|точка|крапка|नुक्ता)\s?[)\]}]\s?)"
)
_AT_WORD = r"\s(?:at|arobase|arroba|chiocciola|małpa|kukac|et|собака|собачка)\s"
_DOT_WORD = r"\s(?:dot|punto|point|ponto|punct|punkt|kropka|nokta|pika|pont|τελεία|точка|крапка)\s"
_REST = r"[^\s<>\"]{1,4000}"
_BARE_ENDINGS = "com|net|org|info|biz|xyz|online|site|shop|club|link|app|io|example"
_SPELLED_ENDINGS = f"{_BARE_ENDINGS}|ru|ua|ir|pl|hu|bg"
_MARK = r"(?:[\s:=>→👉：–—-]|\b(?:id|is|user|username|name|nick|号)\b){1,8}"
_NAME = r"[a-z][a-z0-9_.]{1,62}[a-z0-9_]"
_PATTERNS = {
    "scheme": rf"(?:[a-z][a-z0-9+.-]{{1,15}}://|(?<![a-z0-9])(?:mailto|tel|sms):){_REST}",
    "spelled": rf"{_CHAR}{{1,64}}{_AT_WORD}{_LABEL}(?:(?:{_DOT_WORD}|\.){_LABEL}){{0,4}}{_DOT_WORD}(?:{_SPELLED_ENDINGS})(?!\w)",
    "email": rf"(?:{_CHAR}|\+){{1,64}}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{1,6}}",
    "did": r"(?<![a-z0-9])did:[a-z]{2,16}:[\w.:%-]{1,256}",
    "domain": rf"(?<![a-z0-9-])(?:[a-z0-9-]{{1,63}}\.){{1,5}}(?:[a-z]{{2,12}}/{_REST}|(?:{_BARE_ENDINGS})(?![\w-]))",
    "handle": rf"[@＠](?={_CHAR}{{0,62}}[^\W\d])\w(?:{_CHAR}{{0,62}}\w)?(?:[@＠]{_LABEL}(?:\.{_LABEL}){{1,5}})?",
    "underscored": r"(?<![\w@＠.-])(?=\w{0,62}[a-z])[a-z0-9]\w{1,62}_\w{1,62}(?![\w@＠])",
    "service": rf"(?<![^\W\d_])(?:{SERVICE})(?P<mark>{_MARK})(?P<name>{_NAME})(?!\.?[\w/:]|[@＠]{_LABEL}{_DOT}{_LABEL})",
    "digits": RUN,
}
_contact = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()), re.IGNORECASE)

_CALL_LINK = re.compile(
    r"(?:(?:https?://)?(?:wa\.me|(?:api|web)\.whatsapp\.com|t\.me)/|(?:whatsapp|viber|tel|sms):)"
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

ContactKind = Literal["phone", "number", "email", "link", "handle"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach someone: where it stands in the text as written, its one spelling, and which rule found it."""

    start: int
    end: int
    kind: ContactKind
    value: str
    rule: str


def contacts(text: str, among: Sequence[str], undone: Undone | None = None) -> list[Contact]:
    """All contacts of a text, in order and apart. `among` names regions whose numbering is likely; `undone` spares undoing anew."""
    found = list(_written(text, among))
    plain = undone or undo(text)
    if plain.text != text and plain.text:
        hidden = (_back(one, plain) for one in _written(plain.text, among))
        found = [*(one for one in hidden if one), *found]
    return apart(found)


def apart(found: Sequence[Contact]) -> list[Contact]:
    """Contacts in order; where two overlap, the one that starts first (the longer of two) takes in the other."""
    kept: list[Contact] = []
    for contact in sorted(found, key=lambda contact: (contact.start, -contact.end)):
        if kept and contact.start < kept[-1].end:
            kept[-1] = replace(kept[-1], end=max(kept[-1].end, contact.end))
        else:
            kept.append(contact)
    return kept


def handle_value(name: str) -> str:
    """The one spelling of a handle: no sign before it, no case, nothing invisible."""
    return re.sub(f"[{_INVISIBLE}]", "", name).lstrip("@＠").casefold()


def _back(found: Contact, undone: Undone) -> Contact | None:
    """A contact of the undone text where it stood; links are left to the reading as written, which changes nothing in them."""
    start, end = undone.span(found.start, found.end)
    return None if found.kind == "link" else replace(found, start=start, end=end)


def _written(text: str, among: Sequence[str]) -> Iterator[Contact]:
    for match in _contact.finditer(text):
        yield from _read(match, among)


def _read(match: re.Match[str], among: Sequence[str]) -> Iterator[Contact]:
    """The contacts in what a pattern matched: none, one, or several numbers."""
    start, end = match.span()
    found, name = match.group(), str(match.lastgroup)
    match name:
        case "digits":
            for number in read_run(match.string, start, end, among):
                yield Contact(number.start, number.end, number.kind, number.value, "contacts.digits")
        case "scheme" | "domain":
            yield _link(found.rstrip(_TRAILING), start, among)
        case "email" | "spelled":
            yield Contact(start, end, "email", _address(found), "contacts.email")
        case "service":
            if _names_someone(match["mark"], match["name"]):
                yield Contact(match.start("name"), end, "handle", handle_value(match["name"]), "contacts.service")
        case _:
            yield Contact(start, end, "handle", handle_value(found), f"contacts.{name}")


def _address(found: str) -> str:
    for written, sign in ((_AT_WORD, "@"), (_DOT_WORD, "."), (_AT, "@"), (_DOT, ".")):
        found = re.sub(written, sign, found, flags=re.IGNORECASE)
    return handle_value(found)


def _link(link: str, start: int, among: Sequence[str]) -> Contact:
    """A link is its target: a number to call, an account, or an address."""
    end = start + len(link)
    if call := _CALL_LINK.match(link):
        number = read_run("+" + call[1], 0, len(call[1]) + 1, among)
        return Contact(start, end, "phone", number[0].value if number else call[1], "contacts.call_link")
    if link.lower().startswith("mailto:"):
        return Contact(start, end, "email", link[7:].partition("?")[0].casefold(), "contacts.mailto")
    if profile := _PROFILE_LINK.fullmatch(link):
        return Contact(start, end, "handle", handle_value(profile[1]), "contacts.profile_link")
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", link, flags=re.IGNORECASE)
    host, slash, path = bare.partition("/")
    return Contact(start, end, "link", (host.lower() + slash + path).rstrip("/"), "contacts.link")


def _names_someone(mark: str, name: str) -> bool:
    """After a colon any name counts; after a space only what no word looks like (`anna_example`, `x99`)."""
    if _NO_NAMES.fullmatch(name):
        return False
    return bool(re.search(r"[:=>→👉：]", mark)) or bool(re.search(r"\d|[a-z][_.][a-z]|_$", name, re.IGNORECASE))
