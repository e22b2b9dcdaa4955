"""All of the model's constraints on a request, collected into one ValidationException with AWS's text.

Source of the texts: recorded answers of AWS's front end (reference: invoke, "Constraint messages").
"""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from invocations.errors import ValidationException

log = logging.getLogger(__name__)

NOT_NULL = "Member must not be null"
_SHOWN = 2048  # characters of a bad value that are echoed
_MATCHED = 65_536  # longer text is refused by its length; no pattern is run over it


def validate(shape: StructureShape, params: dict[str, Any], unchecked: Container[str] = ()) -> None:
    """Raise ValidationException naming every violated constraint. `unchecked` are field paths judged elsewhere."""
    found = [entry for path, entry in _structure(shape, params, "") if path not in unchecked]
    if not found:
        return
    count = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
    raise ValidationException(f"{count} detected: {'; '.join(found)}")


def violations(path: str, value: Any, constraints: list[str], *, sensitive: bool = False) -> list[str]:
    """The entries of the text, one per violated constraint."""
    shown = "Value null" if value is None else "Value"
    if value is not None and not sensitive:
        shown = f"Value '{show(value)[:_SHOWN]}'"
    return [f"{shown} at '{path}' failed to satisfy constraint: {constraint}" for constraint in constraints]


def show(value: Any) -> str:
    """A value as Java prints it: lists [a, b], maps {k=v}."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(show(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={show(item)}' for key, item in value.items())}}}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    return "null" if value is None else str(value)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    required = shape.required_members
    for name, member in shape.members.items():
        here = f"{path}{name[:1].lower()}{name[1:]}"
        given = value.get(name)
        if given is not None:
            yield from _any(member, given, here)
        elif name in required:
            for entry in violations(here, None, [NOT_NULL]):
                yield here, entry


def _any(shape: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    for entry in violations(path, value, broken(shape, value), sensitive=_is_sensitive(shape)):
        yield path, entry
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        yield from _structure(shape, value, f"{path}.")
    elif isinstance(shape, ListShape):
        yield from _items(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _entries(shape, value, path)


def _items(shape: ListShape, value: list[Any], path: str) -> Iterator[tuple[str, str]]:
    """Scalars are judged together, structures and inner lists each by its place (counted from 1)."""
    member = shape.member
    if member.type_name in ("structure", "list", "map"):
        for place, item in enumerate(value, 1):
            here = f"{path}.{place}.member"
            if item is not None:
                yield from _any(member, item, here)
            else:
                yield here, violations(here, None, [NOT_NULL])[0]
    elif any(item is None or broken(member, item) for item in value):
        text = f"Member must satisfy constraint: [{', '.join([*stated(member), NOT_NULL])}]"
        yield path, violations(path, value, [text], sensitive=_is_sensitive(member))[0]


def _entries(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    sensitive = _is_sensitive(shape.key) or _is_sensitive(shape.value)
    if any(broken(shape.key, key) for key in value):
        text = f"Map keys must satisfy constraint: [{', '.join([*stated(shape.key), NOT_NULL])}]"
        yield path, violations(path, value, [text], sensitive=sensitive)[0]
    if shape.value.type_name in ("structure", "list", "map"):
        for key, item in value.items():
            here = f"{path}.{key}.member"
            if item is not None:
                yield from _any(shape.value, item, here)
            else:
                yield here, violations(here, None, [NOT_NULL])[0]
    elif any(item is None or broken(shape.value, item) for item in value.values()):
        text = f"Map value must satisfy constraint: [{', '.join([*stated(shape.value), NOT_NULL])}]"
        yield path, violations(path, value, [text], sensitive=sensitive)[0]


def _is_sensitive(shape: Shape) -> bool:
    return bool(shape.metadata.get("sensitive"))


def broken(shape: Shape, value: Any) -> list[str]:
    """The constraints of this shape itself that the value violates."""
    facts = shape.metadata
    size = _size(shape, value)
    bad = []
    if size is not None and "max" in facts and size > facts["max"]:
        bad.append(_bound(shape, "less", facts["max"]))
    if size is not None and "min" in facts and size < facts["min"]:
        bad.append(_bound(shape, "greater", facts["min"]))
    if shape.type_name == "string":
        if "enum" in facts and value not in facts["enum"]:
            bad.append(_enum(facts["enum"]))
        if "pattern" in facts and not _matches(facts["pattern"], value):
            bad.append(_pattern(facts["pattern"]))
    return bad


def stated(shape: Shape) -> list[str]:
    """Every constraint the shape states, violated or not: AWS lists them all for list members and map entries."""
    facts = shape.metadata
    texts = []
    if "max" in facts:
        texts.append(_bound(shape, "less", facts["max"]))
    if "min" in facts:
        texts.append(_bound(shape, "greater", facts["min"]))
    if "pattern" in facts:
        texts.append(_pattern(facts["pattern"]))
    if "enum" in facts:
        texts.append(_enum(facts["enum"]))
    return texts


def _size(shape: Shape, value: Any) -> float | None:
    if shape.type_name in ("string", "blob", "list", "map"):
        return len(value)
    if shape.type_name in ("integer", "long", "float", "double"):
        number: float = value
        return number
    return None


def _bound(shape: Shape, direction: str, bound: float) -> str:
    what = "length" if shape.type_name in ("string", "blob", "list", "map") else "value"
    return f"Member must have {what} {direction} than or equal to {bound}"


def _enum(values: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _pattern(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _matches(pattern: str, value: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or (len(value) <= _MATCHED and compiled.fullmatch(value) is not None)


# Java's classes of characters. Python's \w also holds the underscore, which the models' patterns name themselves.
_JAVA = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{IsLetter}": r"\w",
}


@lru_cache(512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The model's patterns are Java's; the few that Python cannot read are left to the service."""
    for java, ours in _JAVA.items():
        pattern = pattern.replace(java, ours)
    try:
        return re.compile(pattern)
    except re.error:
        log.warning("a model's pattern cannot be checked here: %s", pattern)
        return None
