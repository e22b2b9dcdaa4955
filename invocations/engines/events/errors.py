"""EventBridge's errors. Sources of the texts: AWS's recorded answers (reference: queues and streams, EventBridge)."""

from __future__ import annotations

from invocations.errors import Refusal


class BusRefusal(Refusal):
    """An error of EventBridge."""


class InvalidRequest(BusRefusal):
    code = "ValidationException"


class NotFound(BusRefusal):
    code = "ResourceNotFoundException"


class AlreadyExists(BusRefusal):
    code = "ResourceAlreadyExistsException"


class LimitExceeded(BusRefusal):
    code = "LimitExceededException"


class PolicyTooLong(BusRefusal):
    code = "PolicyLengthExceededException"


class InvalidEventPattern(BusRefusal):
    code = "InvalidEventPatternException"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Event pattern is not valid. Reason: {reason}")


class AccessToBusDenied(BusRefusal):
    code = "AccessDeniedException"


class Unsupported(InvalidRequest):
    """An option that lambdaplay does not act on is never stored; the text names it."""


def missing_bus(name: str) -> NotFound:
    return NotFound(f"Event bus {name} does not exist.")


def missing_rule(name: str, bus: str) -> NotFound:
    return NotFound(f"Rule {name} does not exist on EventBus {bus}.")


def invalid(parameter: str, reason: str = "") -> InvalidRequest:
    return InvalidRequest(f"Parameter {parameter} is not valid.{f' Reason: {reason}' if reason else ''}")
