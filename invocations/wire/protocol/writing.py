"""From an operation's members to JSON values, by the model's shapes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_LOCATED = ("header", "headers", "statusCode")


def jsonable(shape: Shape, value: Any) -> Any:
    """Convert a value to what json.dumps takes. Structure members that are None are left out.

    Raises KeyError for a member that the model does not know: a programming error of ours.
    """
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return value
        return body_members(shape, value)
    if isinstance(shape, ListShape):
        return [jsonable(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: jsonable(shape.value, item) for key, item in value.items()}
    if shape.type_name == "blob":
        return base64.b64encode(value).decode()
    if shape.type_name == "timestamp":
        return moment(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    return value


def body_members(shape: StructureShape, members: dict[str, Any]) -> dict[str, Any]:
    """The members that belong into the body, under their wire names."""
    found = {}
    for name, value in members.items():
        member = shape.members[name]
        if value is None or member.serialization.get("location") in _LOCATED:
            continue
        found[member.serialization.get("name", name)] = jsonable(member, value)
    return found


def moment(value: datetime, form: str) -> str | float:
    """A timestamp in one of the model's three forms."""
    utc = value.astimezone(UTC)
    if form == "unixTimestamp":
        return round(utc.timestamp(), 3)
    if form == "rfc822":
        return format_datetime(utc.replace(microsecond=0), usegmt=True)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"
