"""EventBridge Scheduler's errors: codes, statuses and the spelling of the message from its service model."""

from __future__ import annotations

from invocations.errors import Refusal


class SchedulerRefusal(Refusal):
    """An error of EventBridge Scheduler."""

    message_key = "Message"
    fault = ""


class InvalidSchedulerRequest(SchedulerRefusal):
    code = "ValidationException"


class NotThere(SchedulerRefusal):
    code = "ResourceNotFoundException"
    status = 404


class Conflict(SchedulerRefusal):
    code = "ConflictException"
    status = 409


class QuotaExceeded(SchedulerRefusal):
    code = "ServiceQuotaExceededException"
    status = 402


def unsupported(what: str) -> InvalidSchedulerRequest:
    """For an option that is known and not acted on: it is never stored."""
    return InvalidSchedulerRequest(f"lambdaplay does not offer {what}.")


def missing_schedule(name: str) -> NotThere:
    return NotThere(f"Schedule {name} does not exist.")


def missing_group(name: str) -> NotThere:
    return NotThere(f"Schedule group {name} does not exist.")
