"""What needs somebody's attention: each with a sentence and the page where it is put right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Max
from django.urls import reverse

from invocations import clock
from invocations.engines.sqs import queues
from invocations.flows import health
from invocations.models import Delivery, Function, FunctionVersion, Invocation, Queue

NAMED = 5  # things of one kind that are named
LOOKED_AT = 20_000  # newest deliveries that are looked through
COUNTED = 1000
LATE = timedelta(seconds=60)  # product time; a worker that lives takes what is due long before


@dataclass(frozen=True)
class Matter:
    """`kind` chooses the colour: bad for what is lost or stands still, warn for the rest."""

    kind: str
    word: str
    sentence: str
    link: str


def matters() -> list[Matter]:
    """The worst first; each question costs the same whatever the history's size."""
    found = [*_parts(), *_late(), *_undeliverable(), *_failed_functions(), *_dead_letters(), *_throttled(), *_stopped()]
    return sorted(found, key=lambda matter: matter.kind != "bad")


def _parts() -> Iterator[Matter]:
    quiet = health.quiet_parts()
    if quiet:
        names = ", ".join(quiet)
        yield Matter("bad", "down", f"Not heard of for a while: {names}. The logs say why.", reverse("doctor"))


def _late() -> Iterator[Matter]:
    late = Invocation.objects.filter(state=Invocation.State.QUEUED, due_at__lt=clock.now() - LATE)
    count = late[:COUNTED].count()
    if count:
        yield Matter(
            "bad", "late", f"{_many(count, 'event')} should have run more than a minute ago: do workers keep up?",
            reverse("waiting"),
        )  # fmt: skip


def _undeliverable() -> Iterator[Matter]:
    newest = Delivery.objects.aggregate(newest=Max("id"))["newest"] or 0
    rows = Delivery.objects.filter(state=Delivery.State.FAILED, id__gt=newest - LOOKED_AT)
    count = rows[:COUNTED].count()
    if count:
        place = f"{reverse('admin:invocations_delivery_changelist')}?state=undeliverable"
        yield Matter("bad", "undeliverable", f"{_many(count, 'delivery', 'deliveries')} found no taker.", place)


def _failed_functions() -> Iterator[Matter]:
    rows = FunctionVersion.objects.filter(state=FunctionVersion.State.FAILED).select_related("function")
    for version in rows[:NAMED]:
        place = reverse("admin:invocations_function_change", args=[version.function_id])
        yield Matter("bad", "failed", f"{version.function.name} cannot be run: its code is in state Failed.", place)


def _dead_letters() -> Iterator[Matter]:
    targets = Queue.objects.exclude(redrive_target="").values_list("redrive_target", flat=True).distinct()
    named = {arn.rpartition(":")[2] for arn in targets[:COUNTED]}
    for queue in Queue.objects.filter(name__in=named).order_by("name")[:NAMED]:
        count = queues.counts(queue).visible
        if count:
            place = reverse("admin:invocations_queue_change", args=[queue.pk])
            yield Matter("warn", "dead letters", f"{_many(count, 'message')} in {queue.name}.", place)


def _throttled() -> Iterator[Matter]:
    rows = Invocation.objects.filter(state=Invocation.State.QUEUED, deferrals__gt=0)
    names = sorted({row.function for row in rows.order_by("due_at")[:COUNTED]})
    if names:
        place = f"{reverse('waiting')}?{urlencode({'reason': 'deferred'})}"
        yield Matter("warn", "throttled", f"Events wait for concurrency: {_named(names)}.", place)


def _stopped() -> Iterator[Matter]:
    for function in Function.objects.filter(reserved_concurrency=0).order_by("name")[:NAMED]:
        place = f"{reverse('admin:invocations_function_change', args=[function.pk])}?tab=configuration"
        yield Matter("warn", "stopped", f"{function.name} never runs: its reserved concurrency is 0.", place)


def _many(count: int, one: str, more: str = "") -> str:
    number = f"{COUNTED} or more" if count == COUNTED else str(count)
    return f"{number} {one if count == 1 else more or one + 's'}"


def _named(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
