"""Kafka Connect's envelope: a value with its schema beside it, as JsonConverter asks for with `schemas.enable=true`.

The payload is the same JSON as without the envelope. What a struct leaves out (a default) is optional in the schema, with
its default where it has a plain one. Source: org.apache.kafka.connect.json.JsonConverter and JsonSchema, Kafka 4.3.
"""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

_PLAIN = (
    (inspect.StrType, "string"),
    (inspect.LiteralType, "string"),
    (inspect.DateTimeType, "string"),
    (inspect.IntType, "int64"),
    (inspect.FloatType, "double"),
    (inspect.BoolType, "boolean"),
)


def enveloped(payload: bytes, kind: type[msgspec.Struct]) -> bytes:
    """`{"schema": ..., "payload": ...}` around the JSON of a struct of this kind."""
    return b'{"schema":' + _encoded(kind) + b',"payload":' + payload + b"}"


def connect_schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of a struct, as JsonConverter writes schemas down. Times are texts (ISO 8601), as in the payload."""
    return {**_schema(inspect.type_info(kind)), "name": f"fanal.{kind.__name__}"}


@lru_cache
def _encoded(kind: type[msgspec.Struct]) -> bytes:
    return msgspec.json.encode(connect_schema(kind))


def _schema(of: inspect.Type) -> dict[str, Any]:
    match of:
        case inspect.Metadata():
            return _schema(of.type)
        case inspect.UnionType():
            return _schema(next(one for one in of.types if not isinstance(one, inspect.NoneType))) | {"optional": True}
        case inspect.StructType():
            return {"type": "struct", "fields": [_field(one) for one in of.fields], "optional": False}
        case inspect.DictType():
            return {"type": "map", "keys": _schema(of.key_type), "values": _schema(of.value_type), "optional": False}
        case inspect.VarTupleType() | inspect.ListType():
            return {"type": "array", "items": _schema(of.item_type), "optional": False}
    return {"type": next(name for kind, name in _PLAIN if isinstance(of, kind)), "optional": False}


def _field(of: inspect.Field) -> dict[str, Any]:
    found = _schema(of.type) | {"field": of.encode_name}
    if not of.required:
        found["optional"] = True
        if isinstance(of.default, str | int | float | bool):
            found["default"] = of.default
    return found
