"""How the fields of a record become those of a post: what an operator writes down, checked once."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pipeline.errors import ConfigurationError
from pipeline.sources.paths import MISSING, Path, found, path, without

Form = Literal["text", "list", "time", "count"]

FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("native_id", "text", "version", "native_uri", "author_id", "author_handle", "text_html"), "text"),
    **dict.fromkeys(("in_reply_to", "root", "repost_of", "quote_of", "container", "container_name"), "text"),
    **dict.fromkeys(("reply_text", "visibility"), "text"),
    **dict.fromkeys(("lang_hint", "hashtags", "mentions", "links", "sensitivity"), "list"),
    **dict.fromkeys(("created_at", "observed_at"), "time"),
}
"""The fields of a post that a mapping may name, and the form that each has; `counts.NAME` besides."""

SECONDS, MILLISECONDS, MICROSECONDS = 10**11, 10**14, 10**17
"""Below each the unit of a number that is a time: from 2000 to 5138 they do not overlap."""


@dataclass(frozen=True, slots=True)
class ConnectMapping:
    """Where a post's fields stand in a record, and how a record's key names a post.

    `key` None: the key's text is the native id (StringConverter). Else the key is JSON and the id stands at the path; the
    empty path is all of it.
    """

    platform: str
    fields: Mapping[str, Path]
    key: Path | None = None


def mapping(platform: str, fields: Mapping[str, str], key: str | None = None) -> ConnectMapping:
    """The mapping of a configuration: `{"native_id": "id", "text": "status.content", "counts.likes": "likes"}`.

    Raises:
        ConfigurationError: a field is none of a post's, a path is empty, or there is no text.
    """
    for field, dotted in fields.items():
        if field not in FORMS and not field.removeprefix("counts."):
            raise ConfigurationError(f"fields.{field}: name the count, as counts.likes")
        if field not in FORMS and not field.startswith("counts."):
            near = difflib.get_close_matches(field, FORMS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(FORMS)} and counts.NAME"
            raise ConfigurationError(f"fields.{field}: no field of a post that can be mapped; {hint}")
        if not all(path(dotted)) or not dotted:
            raise ConfigurationError(f"fields.{field}: `{dotted}` is no path; write the names with dots between them")
    if "text" not in fields:
        raise ConfigurationError('fields.text: say where the text stands, as text = "content"')
    read = {field: path(dotted) for field, dotted in fields.items()}
    return ConnectMapping(platform, read, None if key is None else path(key))


def mapped(payload: dict[str, Any], how: ConnectMapping) -> dict[str, Any]:
    """The fields of a post that a record holds, in forms that a post's JSON has; the others under `extra`.

    A value that has not the form of its field stays as it is: then the post is refused, and the refusal names the field.
    """
    fields: dict[str, Any] = {}
    counts: dict[str, Any] = {}
    for field, at in how.fields.items():
        value = found(payload, at)
        if value is MISSING or value is None:
            continue
        if field.startswith("counts."):
            counts[field.removeprefix("counts.")] = value
        else:
            fields[field] = _FORMED[FORMS[field]](value)
    rest = without(payload, how.fields.values())
    return {**fields, **({"counts": counts} if counts else {}), **({"extra": rest} if rest else {})}


def _text(value: Any) -> Any:
    """Ids are texts: a whole number is written out."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _list(value: Any) -> Any:
    return [_text(item) for item in value] if isinstance(value, list) else [_text(value)]


def _time(value: Any) -> Any:
    """An ISO time as it is; a number as seconds, milliseconds or microseconds since 1970, by its size."""
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18 else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < MICROSECONDS:
        return value
    unit = 1 if number < SECONDS else 1_000 if number < MILLISECONDS else 1_000_000
    return datetime.fromtimestamp(number / unit, UTC).isoformat()


_FORMED = {"text": _text, "list": _list, "time": _time}
