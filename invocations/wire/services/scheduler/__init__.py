"""EventBridge Scheduler: schedules, groups, tags of groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.model import OperationModel

from invocations.engines.scheduler.errors import InvalidSchedulerRequest
from invocations.errors import ValidationException
from invocations.wire.call import Answer, Call
from invocations.wire.protocol import constraints
from invocations.wire.services.scheduler import groups, schedules

SERVICE = "scheduler"
MODEL = "scheduler"

OPERATIONS: dict[str, Callable[[Call], Answer]] = {**schedules.OPERATIONS, **groups.OPERATIONS}


def prepare(operation: OperationModel, params: dict[str, Any]) -> None:
    """The model's constraints, with the message where this service's model has it."""
    if operation.input_shape is None:
        return
    try:
        constraints.validate(operation.input_shape, params)
    except ValidationException as wrong:
        raise InvalidSchedulerRequest(wrong.message) from None
