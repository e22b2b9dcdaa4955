"""Requests for every operation of Lambda's that are wrong in one place: made from AWS's model, always the same ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

from botocore.model import Shape, StructureShape

from invocations.wire.protocol.model import load
from tests.wire.asking import Asked, signed
from tests.wire.functions import ARN, ROLE, zipped

Path = tuple[str | int, ...]

LEAVE_OUT = object()
CODE = base64.b64encode(zipped({"app.py": "y = 2"})).decode()
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/mine/abcdefghij"
# What a member holds in a request that is right, by its name; what an operation needs besides what is required.
RIGHT: dict[str, Any] = {
    "FunctionName": "fn",
    "LayerName": "layer",
    "VersionNumber": 1,
    "Arn": ARN + "layer:layer:1",
    "Resource": ARN + "function:fn",
    "Tags": {"a": "b"},
    "TagKeys": ["a"],
    "Role": ROLE,
    "Code": {"ZipFile": CODE},
    "Content": {"ZipFile": CODE},
    "Name": "live",
    "FunctionVersion": "1",
    "StatementId": "s",
    "Principal": "*",
    "Action": "lambda:InvokeFunction",
    "AuthType": "NONE",
    "RecursiveLoop": "Allow",
    "UpdateRuntimeOn": "Auto",
    "ReservedConcurrentExecutions": 5,
    "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]},
}
BESIDES: dict[str, dict[str, Any]] = {
    "CreateFunction": {"FunctionName": "new", "Runtime": "python3.12", "Handler": "app.x"},
    "UpdateFunctionCode": {"ZipFile": CODE},
    "CreateAlias": {"Name": "new"},
    "PublishLayerVersion": {"LayerName": "new"},
    "AddLayerVersionPermission": {"Action": "lambda:GetLayerVersion", "StatementId": "t"},
    "CreateEventSourceMapping": {"EventSourceArn": QUEUE, "FunctionName": "fn:live"},
    "CreateFunctionUrlConfig": {"Qualifier": "live"},
    "RemovePermission": {"StatementId": "x"},
    "PutFunctionEventInvokeConfig": {"MaximumRetryAttempts": 1},
    "PutProvisionedConcurrencyConfig": {"Qualifier": "live", "ProvisionedConcurrentExecutions": 1},
    "GetProvisionedConcurrencyConfig": {"Qualifier": "live"},
    "DeleteProvisionedConcurrencyConfig": {"Qualifier": "live"},
    "UpdateFunctionEventInvokeConfig": {"MaximumRetryAttempts": 1},
    "Invoke": {"InvocationType": "DryRun"},
    "ListFunctions": {"FunctionVersion": "ALL"},
}


@dataclass(frozen=True)
class Case:
    """One request; `path` is where it is wrong, () nowhere."""

    operation: str
    path: Path
    value: Any
    given: Mapping[str, Any]

    def asked(self) -> Asked:
        return _asked(self.operation, _changed(self.given, self.path, self.value))

    def __str__(self) -> str:
        told = "left out" if self.value is LEAVE_OUT else repr(self.value)[:60]
        return f"{self.operation} {'.'.join(map(str, self.path))}: {told}"


def cases(operation: str, world: Mapping[str, Any]) -> Iterator[Case]:
    """The request that is right, and every request that is wrong in one place. `world`: values that a test made."""
    shape = load("lambda").operation_model(operation).input_shape
    if shape is None:
        return
    right = {**RIGHT, **world, **BESIDES.get(operation, {})}
    wanted = {*shape.required_members, *BESIDES.get(operation, {})}
    given = {
        name: right[name] if name in right else _right(shape.members[name]) for name in shape.members if name in wanted
    }
    yield Case(operation, (), LEAVE_OUT, given)
    for path, member in _paths(shape, ()):
        yield Case(operation, path, LEAVE_OUT, given)
        for value in _wrong(member):
            yield Case(operation, path, value, given)


def _right(shape: Shape) -> Any:
    """Something that fits, for what no table names."""
    if shape.type_name in ("integer", "long", "double"):
        return shape.metadata.get("min", 1)
    if shape.type_name == "structure":
        assert isinstance(shape, StructureShape)
        return {name: _right(shape.members[name]) for name in shape.required_members}
    return {"boolean": True, "list": [], "map": {}}.get(shape.type_name, (shape.metadata.get("enum") or ["x"])[0])


def _paths(shape: StructureShape, before: Path) -> Iterator[tuple[Path, Shape]]:
    for name, member in shape.members.items():
        yield (*before, name), member
        if isinstance(member, StructureShape) and len(before) < 3:
            yield from _paths(member, (*before, name))
        if member.type_name == "list" and isinstance(member.member, StructureShape) and len(before) < 3:
            yield from _paths(member.member, (*before, name, 0))


def _wrong(shape: Shape) -> Iterator[Any]:
    """Wrong types, and what is out of the model's bounds or at the edge of what a database takes."""
    facts = shape.metadata
    yield from (7, "7", True, [], {}, [[]], {"x": {}}, 1.5)
    if shape.type_name in ("integer", "long", "double"):
        yield from (facts.get("min", 0) - 1, facts.get("max", 2**31 - 1) + 1, -(2**63), 2**63, 10**30, -1)
    if shape.type_name == "string":
        yield from (
            "",
            "x" * (min(facts.get("max", 3000), 100_000) + 1),
            "\x00",
            "\ud800",
            "ü/%2F?#",
            "$LATEST",
            "🦄" * 9,
        )
        yield from facts.get("enum", ())[:3]
    if shape.type_name == "blob":
        yield from ("no base64!", "", CODE[:40])
    if shape.type_name == "list":
        yield ["x"] * (min(facts.get("max", 60), 1000) + 1)
        yield from ([None], ["\x00"], [{}], [7])
    if shape.type_name == "map":
        yield from (
            {f"k{n}": "v" for n in range(60)},
            {"": ""},
            {"k" * 200: "v" * 5000},
            {"\x00": "\ud800"},
            {"a": None},
        )


def _changed(given: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """The request with another value in that place, or without it."""
    found: dict[str, Any] = json.loads(json.dumps(given))
    if not path:
        return found
    place: Any = found
    for here, after in pairwise(path):
        if isinstance(here, int):
            place[:] = place or [{}]
        elif not isinstance(place.get(here), list if isinstance(after, int) else dict):
            place[here] = [{}] if isinstance(after, int) else {}
        place = place[here]
    if value is LEAVE_OUT:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = value
    return found


def _asked(operation: str, params: Mapping[str, Any]) -> Asked:
    """The signed request, written so leniently that every mistake arrives."""
    model = load("lambda").operation_model(operation)
    assert model.input_shape is not None
    path, query, headers, body = model.http["requestUri"], [], {}, {}
    payload = model.input_shape.serialization.get("payload")
    for name, member in model.input_shape.members.items():
        where, key = member.serialization.get("location"), member.serialization.get("name", name)
        if where == "uri":
            path = path.replace(f"{{{key}}}", quote(_text(params.get(name, "")), safe="", errors="replace"))
        elif name not in params:
            continue
        elif where == "querystring":
            values = params[name] if isinstance(params[name], list) else [params[name]]
            query += [(key, _text(value)) for value in values]
        elif where == "header":
            headers[key] = "".join(c for c in _text(params[name])[:4000] if c.isascii() and c.isprintable()).strip()
        elif name != payload:
            body[key] = params[name]
    target = path + ((("&" if "?" in path else "?") + urlencode(query, errors="replace")) if query else "")
    return signed(model.http["method"], target, json.dumps(body).encode() if body else b"", headers)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
