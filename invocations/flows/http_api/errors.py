"""What API Gateway refuses, under its own codes."""

from __future__ import annotations

from invocations.errors import Refusal

CONCURRENT = "Unable to complete operation due to concurrent modification. Please try again later."


class ApiRefusal(Refusal):
    """Source: the error shapes of the service model `apigatewayv2`."""

    fault = ""


class BadApiRequest(ApiRefusal):
    code = "BadRequestException"


class ApiPartNotFound(ApiRefusal):
    code = "NotFoundException"
    status = 404


class ApiConflict(ApiRefusal):
    code = "ConflictException"
    status = 409


def unsupported(what: str) -> BadApiRequest:
    """For an option that is known and not acted on: it is never stored."""
    return BadApiRequest(f"lambdaplay does not offer {what}.")
