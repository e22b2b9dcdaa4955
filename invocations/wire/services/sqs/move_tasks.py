"""Start, list and cancel the moving of dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.engines.sqs import move_tasks
from invocations.engines.sqs.errors import invalid
from invocations.models import MoveTask
from invocations.wire.call import Answer, Call
from invocations.wire.services.sqs.addressing import required

_RUNNING = (MoveTask.Status.RUNNING, MoveTask.Status.CANCELLING)


def start_message_move_task(call: Call) -> Answer:
    required(call)
    params = call.params
    task = move_tasks.start(
        _own(call, params["SourceArn"]), params.get("DestinationArn"), params.get("MaxNumberOfMessagesPerSecond")
    )
    return Answer({"TaskHandle": move_tasks.write_handle(task)})


def list_message_move_tasks(call: Call) -> Answer:
    required(call)
    most = 1 if call.params.get("MaxResults") is None else call.params["MaxResults"]
    if not 1 <= most <= 10:
        raise invalid(most, "MaxResults", "Must be between 1 and 10, if provided.")
    return Answer({"Results": [_shown(task) for task in move_tasks.listed(_own(call, call.params["SourceArn"]), most)]})


def cancel_message_move_task(call: Call) -> Answer:
    required(call)
    _own(call, move_tasks.read_handle(call.params["TaskHandle"])[1])
    task = move_tasks.cancel(call.params["TaskHandle"])
    return Answer({"ApproximateNumberOfMessagesMoved": task.moved})


def _own(call: Call, arn: str) -> str:
    """The ARN, where it is one of this account and region; all others are as good as absent."""
    scope = call.caller.scope
    return arn if arn.startswith(f"arn:aws:sqs:{scope.region}:{scope.account}:") else ""


def _shown(task: MoveTask) -> dict[str, Any]:
    return {
        "TaskHandle": move_tasks.write_handle(task) if task.status in _RUNNING else None,
        "Status": task.status,
        "SourceArn": task.source_arn,
        "DestinationArn": task.destination_arn or None,
        "MaxNumberOfMessagesPerSecond": task.rate,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "FailureReason": task.failure or None,
        "StartedTimestamp": task.started_ms,
    }


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "StartMessageMoveTask": start_message_move_task,
    "ListMessageMoveTasks": list_message_move_tasks,
    "CancelMessageMoveTask": cancel_message_move_task,
}
