"""From what was sent to Python values, by the model's shapes. Wrong types are refused as AWS's front end does."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from botocore.model import ListShape, MapShape, Shape, StructureShape

from invocations.errors import Refusal

_RANGE = {"integer": 2**31, "long": 2**63}


class SerializationException(Refusal):
    """The request cannot be read into the operation's shapes."""

    code = "SerializationException"
    fault = ""
    message_key = "Message"


def load_json(body: bytes) -> Any:
    """Parse a JSON document strictly (UTF-8, no NaN, bounded depth). Raises SerializationException."""
    if not body:
        return {}
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:  # includes bad UTF-8 and numbers of thousands of digits
        raise SerializationException(f"Could not parse request body into json: {_reason(error)}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"Non-standard token '{name}'")


def _reason(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def read(shape: Shape, value: Any) -> Any:
    """Convert a JSON value to its shape; None stays None. Unknown members are dropped, as AWS does."""
    if value is None:
        return None
    return _JSON[shape.type_name](shape, value)


def _structure(shape: StructureShape, value: Any) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    if not isinstance(value, dict):
        _cannot(value, shape)
    found = {}
    for name, member in shape.members.items():
        given = value.get(member.serialization.get("name", name))
        if given is not None:
            found[name] = read(member, given)
    return found


def _list(shape: ListShape, value: Any) -> list[Any]:
    if not isinstance(value, list):
        _cannot(value, shape)
    return [read(shape.member, item) for item in value]


def _map(shape: MapShape, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        _cannot(value, shape)
    return {_text(shape.key, key): read(shape.value, item) for key, item in value.items()}


def _text(shape: Shape, value: str) -> str:
    if not isinstance(value, str):
        _cannot(value, shape)
    if not storable(value):
        raise SerializationException("Invalid UTF-8 or control character in a string.")
    return value


def storable(text: str) -> bool:
    """Whether every database and every log can hold the text: no NUL, no half of a surrogate pair."""
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _whole(shape: Shape, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _cannot(value, shape)
    if isinstance(value, float) and not value.is_integer():
        _cannot(value, shape)
    bound = _RANGE[shape.type_name]
    if not -bound <= value < bound:
        raise SerializationException(f"NUMBER_VALUE is out of range of {_type_name(shape)}")
    return int(value)


def _real(shape: Shape, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _cannot(value, shape)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise SerializationException(f"NUMBER_VALUE is out of range of {_type_name(shape)}")
    return number


def _boolean(shape: Shape, value: Any) -> bool:
    if not isinstance(value, bool):
        _cannot(value, shape)
    return bool(value)


def blob(shape: Shape, value: Any) -> bytes:
    """Base64 to bytes. Bytes stay: CBOR has them."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        _cannot(value, shape)
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise SerializationException("STRING_VALUE cannot be converted to Blob: not base64") from None


def timestamp(shape: Shape, value: Any) -> datetime:
    """Epoch seconds, ISO 8601 or an HTTP date. A moment stays: CBOR has them."""
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str):
            moment = parsedate_to_datetime(value) if "," in value else datetime.fromisoformat(value)
            return moment.replace(tzinfo=moment.tzinfo or UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        _cannot(value, shape)
    return _cannot(value, shape)


_JSON: dict[str, Callable[[Any, Any], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    "character": _text,
    "integer": _whole,
    "long": _whole,
    "float": _real,
    "double": _real,
    "boolean": _boolean,
    "blob": blob,
    "timestamp": timestamp,
}


def read_text(shape: Shape, value: str) -> Any:
    """Convert the text of a path, query or header part (or of a form field) to its scalar shape."""
    kind = shape.type_name
    if kind in ("integer", "long"):
        return _whole(shape, _number(shape, value, int))
    if kind in ("float", "double"):
        return _real(shape, _number(shape, value, float))
    if kind == "boolean":
        if value.lower() not in ("true", "false"):
            _cannot(value, shape)
        return value.lower() == "true"
    if kind == "timestamp":
        return timestamp(shape, float(value) if value.replace(".", "", 1).isdigit() and value.isascii() else value)
    return _JSON[kind](shape, value)


def _number(shape: Shape, value: str, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(value)
    except ValueError:
        _cannot(value, shape)


def _type_name(shape: Shape) -> str:
    name: str = shape.type_name
    return name.capitalize()


def _cannot(value: Any, shape: Shape) -> NoReturn:
    if isinstance(value, list):
        raise SerializationException("Start of list found where not expected")
    if isinstance(value, Mapping):
        raise SerializationException("Start of structure or map found where not expected.")
    if isinstance(value, bool):
        token = "TRUE_VALUE" if value else "FALSE_VALUE"
    else:
        token = "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"
    raise SerializationException(f"{token} cannot be converted to {_type_name(shape)}")
