"""From a request to one of our own services to its operation: parse, validate, call, serialise."""

from __future__ import annotations

from contextlib import nullcontext
from types import ModuleType
from typing import Any

from invocations.errors import Refusal, UnknownOperation, UnsupportedOption
from invocations.limits import MIB
from invocations.values import Caller
from invocations.wire.call import Call
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan
from invocations.wire.protocol import constraints, query
from invocations.wire.protocol.model import load
from invocations.wire.services import Service
from lambdaplay.db.pool import pooled

BODY_BYTES = MIB  # of an operation that says nothing else


def plan(service: Service, protocol: ModuleType, request: Request) -> Plan:
    """Find the operation. An unknown one is refused only after its signature is proven."""
    try:
        name, uri = protocol.operation_of(service.model, request)
    except UnknownOperation as unknown:
        return _refusing(unknown)

    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        return _run(service, protocol, request, (name, uri), caller, body, request_id)

    return Plan(service.limits.get(name, BODY_BYTES), name or service.name, run)


def _refusing(refusal: Refusal) -> Plan:
    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        raise refusal

    return Plan(BODY_BYTES, "requested", run)


def _run(
    service: Service,
    protocol: ModuleType,
    request: Request,
    target: tuple[str, dict[str, str]],
    caller: Caller,
    body: bytes,
    request_id: str,
) -> Response:
    name, uri = query.operation_in(service.model, request, body) if protocol is query else target
    handler = service.operations.get(name)
    if handler is None and service.others is not None:
        return service.others(request, name, caller, body)
    if handler is None:
        raise UnsupportedOption(f"lambdaplay does not offer the operation {name} of {service.name}.")
    params = parse(service, protocol, name, request, uri, body)
    call = Call(service.name, name, params, caller, request.headers, body, request.path, request_id)
    with nullcontext() if name in service.waits else pooled():
        answer = handler(call)
    response: Response = protocol.write(load(service.model).operation_model(name), answer, request_id)
    return response


def parse(
    service: Service, protocol: ModuleType, name: str, request: Request, uri: dict[str, str], body: bytes
) -> dict[str, Any]:
    """Members by the model, all constraints checked. Raises SerializationException, ValidationException."""
    operation = load(service.model).operation_model(name)
    params: dict[str, Any] = protocol.read(operation, request, uri, body)
    if service.prepare is not None:
        service.prepare(operation, params)
    if operation.input_shape is not None:
        constraints.validate(operation.input_shape, params, service.unchecked.get(name, ()))
    return params
