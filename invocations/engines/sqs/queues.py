"""Queues themselves: made, found, listed, counted, changed, emptied, deleted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from invocations import clock
from invocations.engines.sqs import attributes, limits, removal
from invocations.engines.sqs.errors import (
    InvalidAttributeValue,
    InvalidValue,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    invalid,
)
from invocations.engines.sqs.moments import now_ms
from invocations.models import DeletedQueue, Message, MoveTask, Queue
from invocations.values import Scope
from lambdaplay.db.prepared import Select, columns

FIFO = ".fifo"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,80}")
_ARN = re.compile(r"arn:aws[a-z-]*:sqs:([a-z0-9-]{1,32}):(\d{12}):([a-zA-Z0-9_.-]{1,80})")


@dataclass(frozen=True)
class Counts:
    """Messages by what a receiver would find."""

    visible: int
    in_flight: int
    delayed: int


def create(scope: Scope, name: str, given: Mapping[str, str], tags: Mapping[str, str]) -> Queue:
    """Make a queue, or return the one of that name when it has these attributes. Raises QueueRefusal."""
    fifo = _checked_name(name, given)
    existing = Queue.objects.within(scope).filter(name=name).first()
    if existing is None:
        _refuse_recent(scope, name)
        now = clock.now()
        queue = Queue(
            account=scope.account, region=scope.region, name=name, fifo=fifo, created_at=now, modified_at=now, tags={}
        )
        attributes.apply(queue, given)
        _tag(queue, tags)
        try:
            with transaction.atomic():
                queue.save(force_insert=True)
            return queue
        except IntegrityError:  # another caller made it between the look and the insert
            existing = find(scope, name)
    different = attributes.differing(existing, given)
    if different is not None:
        raise QueueNameExists(different)
    return existing


def _checked_name(name: str, given: Mapping[str, str]) -> bool:
    """Whether it is to be a FIFO queue. Raises InvalidValue."""
    fifo = given.get("FifoQueue", "").lower() == "true"
    if fifo and not name.endswith(FIFO):
        raise InvalidValue("The fifo queue name should end with '.fifo'")
    if len(name) > 80 or not _NAME.fullmatch(name.removesuffix(FIFO) if fifo else name):
        raise InvalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
    return fifo


def _refuse_recent(scope: Scope, name: str) -> None:
    before = DeletedQueue.objects.filter(account=scope.account, region=scope.region, name=name)
    if before.filter(deleted_ms__gt=now_ms() - limits.NAME_MS).exists():
        raise QueueDeletedRecently
    before.delete()


def find(scope: Scope, name: str) -> Queue:
    """Raises QueueDoesNotExist."""
    found = _FIND(account=scope.account, region=scope.region, name=name)
    if not found:
        raise QueueDoesNotExist
    return Queue.from_db(None, _COLUMNS, found[0])


def find_arn(arn: str) -> Queue:
    """The queue of an ARN. Raises QueueDoesNotExist, also for what is no queue's ARN."""
    parts = _ARN.fullmatch(arn)
    if parts is None:
        raise QueueDoesNotExist
    return find(Scope(parts[2], parts[1]), parts[3])


def listed(scope: Scope, prefix: str = "", after: str = "", most: int = limits.LIST_ITEMS) -> list[Queue]:
    """Queues by name, those behind `after`; one more than `most` when there are more."""
    rows = Queue.objects.within(scope).filter(name__gt=after).order_by("name")
    if prefix:
        # LIKE's case rules differ between databases; a range of names does not.
        rows = rows.filter(name__gte=prefix, name__lt=prefix + "\U0010ffff")
    return list(rows[: most + 1])


def sources_of(dead: Queue, after: str = "", most: int = limits.LIST_ITEMS) -> list[Queue]:
    """The queues whose redrive policy names this one, by name."""
    rows = Queue.objects.within(dead.scope).filter(redrive_target=dead.arn, name__gt=after).order_by("name")
    return list(rows[: most + 1])


def counts(queue: Queue) -> Counts:
    now = now_ms()
    kept = removal.kept_since(queue, now)
    visible, ahead = Q(visible_ms__lte=now, sent_ms__gt=kept), Q(visible_ms__gt=now)
    found = Message.objects.filter(queue=queue).aggregate(
        visible=Count("id", filter=visible),
        in_flight=Count("id", filter=ahead & ~Q(receipt="")),
        delayed=Count("id", filter=ahead & Q(receipt="")),
    )
    return Counts(**found)


def read(queue: Queue, names: set[str]) -> dict[str, str]:
    """The asked attributes; counts are taken only when one is asked for."""
    found = attributes.written(queue)
    if names & set(attributes.COUNTS):
        now = counts(queue)
        found |= dict(zip(attributes.COUNTS, map(str, (now.visible, now.in_flight, now.delayed)), strict=True))
    return {name: value for name, value in found.items() if name in names}


def change(queue: Queue, given: Mapping[str, str]) -> None:
    """Set attributes, all or none. Raises QueueRefusal."""
    if "FifoQueue" in given and not queue.fifo:
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
        )
    with transaction.atomic():
        row = Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).first()
        if row is None:
            raise QueueDoesNotExist
        attributes.apply(row, given)
        row.modified_at = clock.now()
        row.save(update_fields=[f.name for f in Queue._meta.fields if f.name not in ("id", "last_sequence")])


def tag(queue: Queue, tags: Mapping[str, str]) -> None:
    _change_tags(queue, tags, ())


def untag(queue: Queue, keys: list[str]) -> None:
    _change_tags(queue, {}, keys)


def _change_tags(queue: Queue, tags: Mapping[str, str], gone: Sequence[str]) -> None:
    with transaction.atomic():
        row = Queue.objects.select_for_update(no_key=True).filter(pk=queue.pk).first()
        if row is None:
            raise QueueDoesNotExist
        _tag(row, tags)
        for key in gone:
            row.tags.pop(key, None)
        row.save(update_fields=["tags"])


def _tag(queue: Queue, tags: Mapping[str, str]) -> None:
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            raise invalid(key, "TagKey", "Tag keys are 1 to 128 characters and must not start with aws:.")
        if len(value) > 256:
            raise invalid(value, "TagValue", "Tag values are at most 256 characters.")
    queue.tags = {**queue.tags, **tags}
    if len(queue.tags) > limits.TAGS:
        raise InvalidValue(f"Too many tags added for queue {queue.name}.")


def purge(queue: Queue) -> int:
    """Delete all messages, at most once a minute; return how many. Raises PurgeQueueInProgress."""
    now = now_ms()
    free = Q(purged_ms=None) | Q(purged_ms__lte=now - limits.PURGE_MS)
    if not Queue.objects.filter(free, pk=queue.pk).update(purged_ms=now):
        raise PurgeQueueInProgress(queue.name)
    return removal.empty(queue)


def delete(queue: Queue) -> None:
    """Delete the queue and everything in it; its name stays taken for a minute."""
    removal.empty(queue)
    with transaction.atomic():
        if not removal.remove_row(queue):
            raise QueueDoesNotExist
        DeletedQueue.objects.update_or_create(
            account=queue.account, region=queue.region, name=queue.name, defaults={"deleted_ms": now_ms()}
        )
        MoveTask.objects.filter(source_arn=queue.arn, status=MoveTask.Status.RUNNING).update(
            status=MoveTask.Status.FAILED, failure="AWS.SimpleQueueService.NonExistentQueue"
        )


_COLUMNS = columns(Queue)
_FIND = Select(
    lambda account, region, name: (
        Queue.objects.within(Scope(account, region)).filter(name=name).order_by().values_list(*_COLUMNS)
    ),
    account=str,
    region=str,
    name=str,
)
