"""Invoke, the hot operation: read by hand, by the model only when anything looks unusual.

Order of judgement: reference, invoke, "Evaluation order". Signature and size come before (dispatch), lookup, state and
payload after (the flow).
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from botocore.model import OperationModel

from invocations import limits
from invocations.errors import UnsupportedOption
from invocations.flows.admission import admitted
from invocations.flows.invoke import invoke
from invocations.values import Caller, InvocationResult, InvokeRequest
from invocations.wire.canonical import normalise
from invocations.wire.http import Request, Response
from invocations.wire.plan import Plan
from invocations.wire.protocol import constraints, rest_json
from invocations.wire.protocol.model import load
from invocations.wire.services.lambda_.names import split_qualifier

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_QUALIFIER = re.compile(r"Qualifier=((?:[A-Za-z0-9_$-]|%24){1,128})")  # SDKs encode the dollar of $LATEST
_TYPES = (None, "RequestResponse", "DryRun", "Event")
_LOG_TYPES = (None, "None", "Tail")
_UNOFFERED = {"TenantId": "X-Amz-Tenant-Id", "DurableExecutionName": "X-Amz-Durable-Execution-Name"}


def direct(request: Request) -> Plan | None:
    """Recognise Invoke by its path; None for every other operation."""
    if request.method != "POST":
        return None
    found = _PATH.fullmatch(request.path) or _PATH.fullmatch(normalise(request.path))
    if found is None:
        return None
    name = unquote(found[1])

    def run(caller: Caller, body: bytes, request_id: str) -> Response:
        wanted = read(request, name, caller, body, request_id)
        if wanted.invocation_type == "Event":  # nothing is held: it is accepted and done
            return render(invoke(wanted))
        with admitted(caller):
            result = invoke(wanted)
        return render(result)

    return Plan(limits.SYNC_REQUEST_BYTES, "InvokeFunction", run)


def read(request: Request, name: str, caller: Caller, body: bytes, request_id: str) -> InvokeRequest:
    """Make the domain's request. Raises ValidationException with every violated constraint, UnsupportedOption."""
    header = request.header
    kind, log = header("x-amz-invocation-type"), header("x-amz-log-type")
    qualifier = None
    usual = kind in _TYPES and log in _LOG_TYPES and _name_is_valid(name)
    if usual and request.query:
        found = _QUALIFIER.fullmatch(request.query)
        usual, qualifier = found is not None, unquote(found[1]) if found is not None else None
    if not usual or header("x-amz-tenant-id") is not None or header("x-amz-durable-execution-name") is not None:
        params = by_model(request, name)
        name, qualifier = params["FunctionName"], params.get("Qualifier")
        kind, log = params.get("InvocationType"), params.get("LogType")
    return InvokeRequest(
        caller=caller,
        function=name,
        payload=body,
        qualifier=qualifier,
        invocation_type=kind or "RequestResponse",
        log_type=log or "None",
        client_context=header("x-amz-client-context"),
        trace_header=header("x-amzn-trace-id"),
        request_id=request_id,
    )


def by_model(request: Request, name: str, named: str = "Invoke") -> dict[str, Any]:
    """The members of this operation through the service model, for whatever is not plain."""
    operation = _operation(named)
    params = rest_json.read(operation, request, {"FunctionName": name}, b"")
    split_qualifier(operation, params)
    constraints.validate(operation.input_shape, params)
    for member, header in _UNOFFERED.items():
        if params.get(member) is not None:
            raise UnsupportedOption(f"lambdaplay does not offer {header}.")
    return params


def _operation(named: str = "Invoke") -> OperationModel:
    operation: OperationModel = load("lambda").operation_model(named)
    return operation


@lru_cache(4096)
def _name_is_valid(name: str) -> bool:
    params: dict[str, Any] = {"FunctionName": name}
    split_qualifier(_operation(), params)
    return params == {"FunctionName": name} and not constraints.broken(
        _operation().input_shape.members["FunctionName"], name
    )


def render(result: InvocationResult) -> Response:
    """The answer with the headers and in the form that AWS's front end gives them."""
    headers = [("x-amzn-RequestId", result.request_id)]
    if result.status_code == 204:
        return Response(204, headers)
    content_type = result.content_type if is_header_text(result.content_type) else "application/json"
    headers.append(("x-amzn-Remapped-Content-Length", "0"))
    if result.function_error is not None:
        headers.append(("X-Amz-Function-Error", result.function_error))
    if result.log_tail is not None:
        headers.append(("X-Amz-Log-Result", base64.b64encode(result.log_tail).decode()))
    if result.executed_version is not None:
        headers.append(("X-Amz-Executed-Version", result.executed_version))
    if result.trace_header:
        headers.append(("X-Amzn-Trace-Id", result.trace_header))
    headers += [("Content-Type", content_type), ("Content-Length", str(len(result.payload)))]
    return Response(result.status_code, headers, result.payload)


def is_header_text(text: str) -> bool:
    """Functions choose their content type; only what a header can carry is passed on."""
    return bool(text) and text.isascii() and text.isprintable()
