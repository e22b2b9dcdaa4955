"""The query protocol (STS, SNS, older SQS clients): a form with Action= goes in, XML comes out."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from invocations.errors import Refusal, UnknownOperation
from invocations.wire.call import Answer
from invocations.wire.http import Request, Response
from invocations.wire.protocol import reading, writing
from invocations.wire.protocol.model import load
from invocations.wire.protocol.reading import SerializationException
from invocations.wire.protocol.xml import escape

NAME = "query"
_FIELDS = 2000
_LIST_ITEMS = 1000

# What REST services call an error, in the words of query services; with the status where it differs.
_NAMES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "ExpiredTokenException": "ExpiredToken",
    "AccessDeniedException": "AccessDenied",
    "UnknownOperationException": "InvalidAction",
    "ValidationException": "ValidationError",
    "SerializationException": "MalformedInput",
    "ServiceException": "InternalFailure",
    "ServiceUnavailableException": "ServiceUnavailable",
    "InvalidParameterValueException": "InvalidParameterValue",
    "RequestEntityTooLargeException": "RequestEntityTooLarge",
}
_STATUS = {"IncompleteSignature": 400, "InvalidAction": 400}


def operation_of(model: str, request: Request) -> tuple[str, dict[str, str]]:
    """Only the form names the operation, and the form is in the body: known after reading, see `operation_in`."""
    return "", {}


def operation_in(model: str, request: Request, body: bytes) -> tuple[str, dict[str, str]]:
    """Return the operation and the form. Raises UnknownOperation or SerializationException."""
    form = fields(request, body)
    action = form.get("Action", "")
    if action not in load(model).operation_names:
        raise UnknownOperation(f"Could not find operation {action[:128]} for version {form.get('Version', '')[:32]}")
    return action, form


def fields(request: Request, body: bytes) -> dict[str, str]:
    """The form, from the query string for GET."""
    text = request.query if request.method == "GET" else body
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        return dict(parse_qsl(decoded, keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"))
    except ValueError:
        raise SerializationException("The request's form cannot be read.") from None


def read(operation: OperationModel, request: Request, form: dict[str, str], body: bytes) -> dict[str, Any]:
    """Read the form by the input shape: `Name.member.1`, `Map.entry.1.key`, `A.B`; flattened `Item.1`, `Map.1.key`."""
    if operation.input_shape is None:
        return {}
    return _structure(operation.input_shape, form, "")


def _structure(shape: StructureShape, form: dict[str, str], prefix: str) -> dict[str, Any]:
    found = {}
    for name, member in shape.members.items():
        value = _value(member, form, prefix + _form_name(member, name))
        if value is not None:
            found[name] = value
    return found


def _form_name(member: Shape, name: str) -> str:
    """What the form calls a member. Items of a flattened list stand under their own name, where they have one."""
    if isinstance(member, ListShape) and member.serialization.get("flattened"):
        return _name(member.member, _name(member, name))
    return _name(member, name)


def _name(shape: Shape, name: str) -> str:
    """The wire name; `queryName` where the same model also speaks JSON under other names."""
    found: str = shape.serialization.get("queryName") or shape.serialization.get("name", name)
    return found


def _value(shape: Shape, form: dict[str, str], name: str) -> Any:
    if not any(key == name or key.startswith(f"{name}.") for key in form):
        return None
    if isinstance(shape, StructureShape):
        return _structure(shape, form, f"{name}.")
    if isinstance(shape, ListShape):
        return _list(shape, form, name)
    if isinstance(shape, MapShape):
        return _map(shape, form, name)
    return reading.read_text(shape, form[name]) if name in form else None


def _list(shape: ListShape, form: dict[str, str], name: str) -> list[Any]:
    inner = "" if shape.serialization.get("flattened") else f".{shape.member.serialization.get('name', 'member')}"
    items = []
    for place in range(1, _LIST_ITEMS + 1):
        item = _value(shape.member, form, f"{name}{inner}.{place}")
        if item is None:
            break
        items.append(item)
    return items


def _map(shape: MapShape, form: dict[str, str], name: str) -> dict[str, Any]:
    inner = "" if shape.serialization.get("flattened") else ".entry"
    key_name, value_name = _name(shape.key, "key"), _name(shape.value, "value")
    found = {}
    for place in range(1, _LIST_ITEMS + 1):
        key = form.get(f"{name}{inner}.{place}.{key_name}")
        if key is None:
            break
        found[key] = _value(shape.value, form, f"{name}{inner}.{place}.{value_name}")
    return found


def write(operation: OperationModel, answer: Answer, request_id: str) -> Response:
    shape = operation.output_shape
    result = ""
    if shape is not None:
        inside = _members(shape, answer.members)
        wrapper = shape.serialization.get("resultWrapper")
        result = f"<{wrapper}>{inside}</{wrapper}>" if wrapper else inside
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    name = f"{operation.name}Response"
    text = (
        f'<{name} xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}>"
    )
    return _finish(answer.status or 200, text, request_id)


def _members(shape: StructureShape, members: dict[str, Any]) -> str:
    parts = []
    for name, value in members.items():
        member = shape.members[name]
        if value is not None and member.serialization.get("flattened"):
            parts.append(_flattened(member, _form_name(member, name), value))
        elif value is not None:
            parts.append(_element(member, _name(member, name), value))
    return "".join(parts)


def _flattened(shape: Shape, name: str, value: Any) -> str:
    """A list or map without an element of its own around its items."""
    if isinstance(shape, ListShape):
        return "".join(_element(shape.member, name, item) for item in value)
    key_name, value_name = _name(shape.key, "key"), _name(shape.value, "value")
    return "".join(
        f"<{name}><{key_name}>{escape(key)}</{key_name}>{_element(shape.value, value_name, item)}</{name}>"
        for key, item in value.items()
    )


def _element(shape: Shape, name: str, value: Any) -> str:
    if isinstance(shape, StructureShape):
        inside = _members(shape, value)
    elif isinstance(shape, ListShape):
        inside = "".join(_element(shape.member, shape.member.serialization.get("name", "member"), v) for v in value)
    elif isinstance(shape, MapShape):
        inside = "".join(
            f"<entry><key>{escape(key)}</key>{_element(shape.value, 'value', item)}</entry>"
            for key, item in value.items()
        )
    elif shape.type_name == "timestamp":
        inside = str(writing.moment(value, "iso8601"))
    elif shape.type_name == "blob":
        inside = base64.b64encode(value).decode()
    elif shape.type_name == "boolean":
        inside = "true" if value else "false"
    else:
        inside = escape(str(value))
    return f"<{name}>{inside}</{name}>"


def error(refusal: Refusal, request_id: str) -> Response:
    code = refusal.query_code or _NAMES.get(refusal.code, refusal.code)
    status = _STATUS.get(code, refusal.status)
    kind = "Receiver" if status >= 500 else "Sender"
    text = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return _finish(status, text, request_id)


def _finish(status: int, text: str, request_id: str) -> Response:
    body = text.encode("utf-8", "replace")
    headers = [("x-amzn-RequestId", request_id), ("Content-Type", "text/xml"), ("Content-Length", str(len(body)))]
    return Response(status, headers, body)
