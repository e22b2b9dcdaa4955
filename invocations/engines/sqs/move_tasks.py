"""Move tasks: a dead-letter queue's messages go back where they died, or elsewhere, at a given pace.

A task is a row. One worker at a time has its lease (real time); a worker that dies is followed by whoever looks next:
the thread of a later call, or the house's sweep.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
import time
import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q

from invocations import clock
from invocations.engines.sqs import hooks, limits, queues, redrive
from invocations.engines.sqs.errors import InvalidValue, QueueDoesNotExist, ResourceNotFound, invalid
from invocations.engines.sqs.moments import now_ms
from invocations.models import Message, MoveTask, Queue
from lambdaplay.db.pool import pooled

log = logging.getLogger(__name__)

Status = MoveTask.Status
LEASE_SECONDS = 10
_PIECE = 100
_NOWHERE = "AWS.SimpleQueueService.NonExistentQueue"
_KEPT = 10  # finished tasks that a list shows


def start(source_arn: str, destination_arn: str | None, rate: int | None) -> MoveTask:
    """Begin to move; returns at once. Raises ResourceNotFound or InvalidValue."""
    source = _queue(source_arn, "SourceArn")
    if not queues.sources_of(source, most=1):
        raise InvalidValue("Source queue must be configured as a Dead Letter Queue.")
    if destination_arn is not None:
        _check_destination(source, destination_arn)
    if rate is not None and not 1 <= rate <= limits.MOVES_PER_SECOND:
        raise invalid(
            rate,
            "MaxNumberOfMessagesPerSecond",
            f"Must be between 1 and {limits.MOVES_PER_SECOND}, if provided.",
        )
    messages = Message.objects.filter(queue=source)
    task = MoveTask(
        task_id=str(uuid.uuid4()),
        source_arn=source.arn,
        destination_arn=destination_arn or "",
        rate=rate,
        to_move=messages.count(),
        last_message=messages.aggregate(last=Max("id"))["last"] or 0,
        started_ms=now_ms(),
    )
    try:
        with transaction.atomic():
            task.save(force_insert=True)
            transaction.on_commit(begin)
    except IntegrityError:
        raise InvalidValue(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        ) from None
    return task


def _queue(arn: str, parameter: str) -> Queue:
    try:
        return queues.find_arn(arn)
    except QueueDoesNotExist:
        raise ResourceNotFound(
            f"The resource that you specified for the {parameter} parameter doesn't exist."
        ) from None


def _check_destination(source: Queue, arn: str) -> None:
    destination = _queue(arn, "DestinationArn")
    if destination.pk == source.pk:
        raise InvalidValue("Source queue arn and destination queue arn cannot be the same.")
    if destination.fifo != source.fifo:
        raise InvalidValue("The source queue and destination queue must be of the same queue type.")


def listed(source_arn: str, most: int) -> list[MoveTask]:
    """The newest tasks of a queue. Raises ResourceNotFound."""
    source = _queue(source_arn, "SourceArn")
    return list(MoveTask.objects.filter(source_arn=source.arn)[: min(most, _KEPT)])


def cancel(handle: str) -> MoveTask:
    """Stop a running task; what was moved stays moved. Raises InvalidValue or ResourceNotFound."""
    task_id, source_arn = read_handle(handle)
    _queue(source_arn, "SourceArn")
    task = MoveTask.objects.filter(task_id=task_id, source_arn=source_arn).first()
    if task is None:
        raise ResourceNotFound("Task does not exist.")
    if not MoveTask.objects.filter(pk=task.pk, status=Status.RUNNING).update(status=Status.CANCELLING):
        raise InvalidValue("Only active tasks can be cancelled.")
    return task


def write_handle(task: MoveTask) -> str:
    return base64.b64encode(json.dumps({"taskId": task.task_id, "sourceArn": task.source_arn}).encode()).decode()


def read_handle(handle: str) -> tuple[str, str]:
    """Return task id and source ARN. Raises InvalidValue."""
    try:
        document = json.loads(base64.b64decode(handle, validate=True))
        return str(document["taskId"]), str(document["sourceArn"])
    except (ValueError, binascii.Error, KeyError, TypeError):
        raise InvalidValue("Value for parameter TaskHandle is invalid.") from None


def begin() -> None:
    """Work on what is due in a thread of this process."""
    threading.Thread(target=sweep, name="sqs-move-tasks", daemon=True).start()


def sweep() -> None:
    """Take every task that nobody works on, and work until none is left. Called by the house's tick as well."""
    while True:
        with pooled():
            task = _lease()
        if task is None:
            return
        try:
            _work(task)
        except Exception:  # the lease runs out, and the next sweep goes on
            log.exception("move task %s stopped", task.task_id)
            return


def _lease() -> MoveTask | None:
    now = clock.real()
    free = Q(lease=None) | Q(lease__lt=now)
    active = Q(status__in=[Status.RUNNING, Status.CANCELLING])
    for task in MoveTask.objects.filter(free, active).order_by("id"):
        if MoveTask.objects.filter(free, pk=task.pk).update(lease=now + timedelta(seconds=LEASE_SECONDS)):
            return task
    return None


def _work(task: MoveTask) -> None:
    """Move piece by piece; the pace is real time, as a caller's patience is."""
    piece = _PIECE if task.rate is None else min(task.rate, _PIECE)
    while True:
        begun = time.monotonic()
        with pooled():
            if not _step(task, piece):
                return
        if task.rate is not None:
            time.sleep(max(0.0, piece / task.rate - (time.monotonic() - begun)))


def _step(task: MoveTask, piece: int) -> bool:
    """Move one piece. False when the task has ended."""
    with transaction.atomic():
        row = MoveTask.objects.select_for_update().get(pk=task.pk)
        if row.status != Status.RUNNING:
            return _end(row, Status.CANCELLED if row.status == Status.CANCELLING else Status(row.status))
        try:
            source = queues.find_arn(row.source_arn)
            moved = _move(row, source, piece)
        except QueueDoesNotExist:
            return _end(row, Status.FAILED, _NOWHERE)
        if not moved:
            return _end(row, Status.COMPLETED)
        MoveTask.objects.filter(pk=row.pk).update(
            moved=F("moved") + moved, lease=clock.real() + timedelta(seconds=LEASE_SECONDS)
        )
    return True


def _end(row: MoveTask, status: MoveTask.Status, failure: str = "") -> bool:
    MoveTask.objects.filter(pk=row.pk).update(status=status, failure=failure, lease=None)
    return False


def _move(task: MoveTask, source: Queue, piece: int) -> int:
    """Move the next messages in order. They are new messages where they go: new ids, age and count."""
    rows = list(
        Message.objects.select_for_update(skip_locked=True)
        .filter(queue=source, pk__lte=task.last_message, visible_ms__lte=now_ms())
        .order_by("sequence", "id")[:piece]
    )
    by_destination: dict[str, list[Message]] = {}
    for row in rows:
        destination = task.destination_arn or row.dead_letter_source
        if not destination:  # it did not die anywhere: nowhere to go back to
            raise QueueDoesNotExist
        by_destination.setdefault(destination, []).append(row)
    for arn, messages in by_destination.items():
        _deliver(queues.find_arn(arn), messages)
    return len(rows)


def _deliver(destination: Queue, rows: list[Message]) -> None:
    now = now_ms()
    sequences = redrive.places(destination, len(rows)) if destination.fifo else [0] * len(rows)
    for row, sequence in zip(rows, sequences, strict=True):
        row.queue = destination
        row.message_id = str(uuid.uuid4())
        row.sent_ms = row.visible_ms = now
        row.sequence = sequence
        row.receive_count = 0
        row.first_received_ms = row.received_ms = None
        row.receipt = row.dead_letter_source = ""
    changed = ["queue", "message_id", "sent_ms", "visible_ms", "sequence", "receive_count"]
    Message.objects.bulk_update(
        rows, [*changed, "first_received_ms", "received_ms", "receipt", "dead_letter_source"], batch_size=_PIECE
    )
    hooks.announce(destination.arn)
