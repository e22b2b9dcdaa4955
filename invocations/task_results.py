"""What django-celery-results says of an event's task. It is written with the row, so that both tell one story.

Task id = request id. RETRY while another attempt is due, SUCCESS, FAILURE, REVOKED when an operator cancelled it.
Celery would store this after the task, in a transaction of its own, and not at all for what ends without a worker
(given up, cancelled, run without the broker); its backend leaves these rows to us (`lambdaplay/results.py`).
"""

from __future__ import annotations

import json

from django.db import connection
from django_celery_results.models import TaskResult

from invocations import clock
from invocations.event_queue import RUN_EVENT
from invocations.models import Invocation
from invocations.values import Condition

# How Celery encodes an exception: type, module, arguments.
_FAILED = ("FunctionFailed", "invocations.tasks")
_EXHAUSTED = ("MaxRetriesExceededError", "celery.exceptions")
_REVOKED = ("TaskRevokedError", "celery.exceptions")

_ONCE = ("task_id", "task_name", "task_args", "task_kwargs", "content_type", "content_encoding", "date_created")
_EACH_TIME = ("status", "worker", "result", "date_done", "meta")
_COLUMNS = (*_ONCE, *_EACH_TIME)
_UPSERT = (
    f"INSERT INTO {TaskResult._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608 - our own names
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT (task_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _EACH_TIME)
)


def waits(row: Invocation, max_retries: int, error: str, worker: str) -> None:
    """Another attempt is due. `row` is as it was when the last one began; to be called in its transaction."""
    _write(row, "RETRY", _exception(_FAILED, error), max_retries, worker)


def ended(row: Invocation, condition: Condition, max_retries: int, error: str, worker: str) -> None:
    """The event has ended; to be called in the transaction that says so."""
    if condition == Condition.SUCCESS:
        _write(row, "SUCCESS", condition.value, max_retries, worker)
    elif condition == Condition.CANCELLED:
        _write(row, "REVOKED", _exception(_REVOKED, error), max_retries, worker)
    else:
        _write(row, "FAILURE", _exception(_EXHAUSTED, f"{condition}: {error}"), max_retries, worker)


def retries_of(stored: TaskResult) -> int:
    """How many of the function's own attempts came before the one that the state is of."""
    meta = json.loads(stored.meta or "{}")
    return int(meta.get("retries", 0))


def forget(request_ids: list[str]) -> None:
    """Together with their events."""
    TaskResult.objects.filter(task_id__in=request_ids).delete()


def _exception(kind: tuple[str, str], message: str) -> dict[str, object]:
    name, module = kind
    return {"exc_type": name, "exc_message": [message], "exc_module": module}


def _write(row: Invocation, status: str, result: object, max_retries: int, worker: str) -> None:
    now = connection.ops.adapt_datetimefield_value(clock.real())
    meta = {"children": [], "retries": row.failures, "max_retries": max_retries}
    once = (
        row.request_id,
        RUN_EVENT,
        json.dumps(f"('{row.request_id}',)"),
        '"{}"',
        "application/json",
        "utf-8",
        now,
    )
    each_time = (status, worker[:100], json.dumps(result), now, json.dumps(meta))
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, (*once, *each_time))
