"""What API Gateway itself answers when something goes wrong. HTTP APIs and REST APIs use different words.

Source: reference, triggers, sections 3 ("Gateway responses") and 4.
"""

from __future__ import annotations

import json

from invocations.decisions.http_answers import JSON, HttpAnswer
from invocations.errors import LambdaplayError, RequestEntityTooLarge, TooManyRequests
from invocations.wire.fronts.parts import respond
from invocations.wire.http import Response

_NO_PLACE = "CallerRateLimitExceeded"  # the reason of our own bound, where others tell of the function's


class Failure(Exception):
    """An answer of the gateway's own. `error_type` is a REST API's x-amzn-ErrorType."""

    def __init__(self, status: int, message: str, error_type: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.error_type = error_type


_INTERNAL = "InternalServerErrorException"
NO_API = Failure(403, "Forbidden", "ForbiddenException")


def respond_with(failure: Failure, rest: bool, gateway_id: str = "") -> Response:
    """The failure as an answer."""
    body = json.dumps({"message": failure.message}, separators=(",", ":")).encode()
    found = HttpAnswer(failure.status, [("Content-Type", JSON)], body)
    if not rest:
        return respond(found, ("apigw-requestid", gateway_id))
    return respond(found, ("x-amz-apigw-id", gateway_id), ("x-amzn-ErrorType", failure.error_type))


def closed(rest: bool) -> Failure:
    return Failure(403, "Forbidden", "ForbiddenException") if rest else Failure(404, "Not Found")


def no_stage(rest: bool) -> Failure:
    return closed(rest)


def no_route(rest: bool) -> Failure:
    if rest:
        return Failure(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
    return Failure(404, "Not Found")


def internal(rest: bool) -> Failure:
    """The gateway could not ask the function."""
    return Failure(500, "Internal server error", _INTERNAL) if rest else Failure(500, "Internal Server Error")


def bad_answer(rest: bool) -> Failure:
    """The function failed, or what it returned is no answer."""
    return Failure(502, "Internal server error", _INTERNAL) if rest else Failure(500, "Internal Server Error")


def timed_out(rest: bool) -> Failure:
    return Failure(504, "Endpoint request timed out", _INTERNAL) if rest else Failure(503, "Service Unavailable")


def too_large(rest: bool) -> Failure:
    if rest:
        return Failure(413, "Request Too Long", "RequestTooLargeException")
    return Failure(413, "Request Entity Too Large")


def refused(problem: LambdaplayError, rest: bool) -> Failure:
    """The function was not run."""
    if isinstance(problem, RequestEntityTooLarge):
        return too_large(rest)
    if isinstance(problem, TooManyRequests):
        if problem.reason == _NO_PLACE:
            return Failure(429, "Too Many Requests", "TooManyRequestsException")
        return internal(True) if rest else Failure(503, "Service Unavailable")
    return internal(rest)
