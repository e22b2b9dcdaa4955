"""One trace: what an event set going, read from the rows of functions, deliveries and queues that carry its id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Q

from invocations import clock
from invocations.admin.event_spans import Span, spans
from invocations.arns import parse_arn
from invocations.engines.sqs import browsing
from invocations.flows import object_events
from invocations.flows.policies import policy_of
from invocations.models import Delivery, Invocation, Message, ObjectEvent, Queue
from invocations.values import Scope

INVOCATIONS = 100  # of one trace that are read; the page says when there are more
LOOKED_THROUGH = 200  # newest messages of a queue, in search of those that the trace left in it
QUEUES = 25  # of an account and region that are looked into
CLIENT = "client"
MILLISECOND = timedelta(milliseconds=1)
SESSION_KEYS = "ASIA"  # what their ids begin with
WORDS = {Delivery.State.PENDING: "pending", Delivery.State.SENT: "sent", Delivery.State.FAILED: "undeliverable"}


# What a synchronous call came through, by its door; {} is its caller.
_THROUGH = {"http-api": "request to API {}", "url": "request to its URL"}


@dataclass(frozen=True)
class Step:
    """One line of the flow, `depth` hops below its beginning: an invocation, delivery, message or changed object."""

    kind: str  # "invocation", "delivery", "message" or "object"
    place: str  # the lane: a function's name, "queue orders", "topic news" ...
    state: str  # an outcome, a condition, or the state of a delivery or message
    start: datetime
    end: datetime
    depth: int
    what: str
    source: str = ""  # the lane it came from
    request_id: str = ""
    spans: Sequence[Span] = ()
    queue: Queue | None = None
    message: Message | None = None
    delivery: Delivery | None = None


@dataclass(frozen=True)
class Flow:
    """Steps in the order in which they began, each below what caused it."""

    trace_id: str
    steps: Sequence[Step]
    begun: datetime
    more: bool
    over: bool
    functions: Sequence[str] = field(default_factory=tuple)

    @property
    def last(self) -> datetime:
        return max(step.end for step in self.steps)

    @property
    def invocations(self) -> int:
        return sum(1 for step in self.steps if step.kind == "invocation")

    @property
    def failed(self) -> int:
        return sum(1 for step in self.steps if step.state in ("undeliverable",) or _failed(step))


def _failed(step: Step) -> bool:
    return step.kind == "invocation" and bool(step.spans) and step.state not in ("QUEUED", "RUNNING", "Success")


def read_flow(trace_id: str) -> Flow | None:
    """Return what carries the trace id; None when nothing does (any more)."""
    carrying = Invocation.objects.filter(trace_id=trace_id).prefetch_related("attempts").order_by("id")
    found = list(carrying[: INVOCATIONS + 1])
    rows = found[:INVOCATIONS]
    if not rows:
        return None
    changes = list(ObjectEvent.objects.filter(trace_id=trace_id).select_related("bucket").order_by("id")[:INVOCATIONS])
    deliveries = _deliveries(rows)
    now = clock.now()
    messages = _left_in_queues(trace_id, {Scope(row.account, row.region) for row in rows})
    steps = [*_uploads(changes, now), *_ordered(rows, deliveries, messages, changes, now)]
    unfinished = any(row.ended_at is None for row in rows) or any(
        one.state == Delivery.State.PENDING for one in deliveries
    )
    return Flow(
        trace_id=trace_id,
        steps=steps,
        begun=min(step.start for step in steps),
        more=len(found) > INVOCATIONS,
        over=not unfinished,
        functions=sorted({row.function for row in rows}),
    )


def _deliveries(rows: Sequence[Invocation]) -> list[Delivery]:
    """What their outcomes sent, and what topics and rules sent because of them."""
    caused = Q(caused_by__in=[row.request_id for row in rows])
    of_these = Q(invocation__in=[row.pk for row in rows])
    return list(
        Delivery.objects.filter(of_these | caused).select_related("invocation").order_by("id")[: INVOCATIONS * 4]
    )


def _uploads(changes: Sequence[ObjectEvent], now: datetime) -> Iterator[Step]:
    """Changes to objects that no function made, each with what its bucket sent."""
    for change in changes:
        if not change.caused_by:
            yield _change(change, CLIENT, 0)
            for one in object_events.deliveries_of(change):
                yield _delivery(one, "", 1, now)


def _change(row: ObjectEvent, source: str, depth: int) -> Step:
    return Step(
        kind="object",
        place=place_of(row.bucket.arn),
        state="told" if row.sent else "told nobody",
        start=row.raised_at,
        end=row.raised_at,
        depth=depth,
        what=f"{row.name} {row.key}",
        source=source,
    )


def _ordered(
    rows: Sequence[Invocation],
    deliveries: Sequence[Delivery],
    messages: Sequence[Step],
    changes: Sequence[ObjectEvent],
    now: datetime,
) -> Iterator[Step]:
    """Depth first: each invocation, then what it sent, then what that caused."""
    known = {row.request_id: row for row in rows}
    parents = {row.request_id: _parent(row, known) for row in rows}
    children: dict[str, list[Invocation]] = {}
    for row in rows:
        children.setdefault(parents[row.request_id], []).append(row)
    sent: dict[str, list[Delivery]] = {}
    for one in deliveries:
        sent.setdefault(one.invocation.request_id if one.invocation else one.caused_by, []).append(one)
    left = list(messages)
    todo = [(row, 0) for row in reversed(children.get("", []))]
    while todo:
        row, depth = todo.pop()
        parent = parents[row.request_id]
        source = known[parent].function if parent else CLIENT
        yield _invocation(row, depth, source, now)
        yield from (_change(one, row.function, depth + 1) for one in changes if one.caused_by == row.request_id)
        for one in sent.get(row.request_id, []):
            step = _delivery(one, row.function, depth + 1, now)
            yield step
            for message in [m for m in left if one.state == Delivery.State.SENT and _brought(step, m)][:1]:
                left.remove(message)
                yield replace(message, depth=depth + 2)
        todo += [(child, depth + 1) for child in reversed(children.get(row.request_id, []))]
    yield from left


def _brought(delivery: Step, message: Step) -> bool:
    """Whether this message came with that delivery: it was sent while the delivery was, to the millisecond."""
    sent = message.start
    return message.place == delivery.place and delivery.start - MILLISECOND <= sent <= delivery.end + MILLISECOND


def _parent(row: Invocation, known: Mapping[str, Invocation]) -> str:
    """The request id of what led to it, "" for a beginning.

    Of a synchronous call the row does not say. One that an environment's key signed came from the invocation of this
    trace that ran then; of several, from the one that began last.
    """
    if row.caused_by in known:
        return row.caused_by
    if row.invocation_type == Invocation.Type.ASYNC or not row.caller.startswith(SESSION_KEYS):
        return ""
    around = [one for one in known.values() if one != row and _ran(one, row.accepted_at, row.ended_at)]
    return max(around, key=lambda one: one.accepted_at).request_id if around else ""


def _ran(row: Invocation, start: datetime, end: datetime | None) -> bool:
    """Whether an attempt of it was running all that time."""
    return any(
        one.started_at <= start and (one.ended_at is None or (end is not None and one.ended_at >= end))
        for one in row.attempts.all()
    )


def _invocation(row: Invocation, depth: int, source: str, now: datetime) -> Step:
    kind = "event" if row.invocation_type == Invocation.Type.ASYNC else "synchronous call"
    return Step(
        kind="invocation",
        place=row.function,
        state=row.condition or row.state,
        start=row.accepted_at,
        end=row.ended_at or max(now, row.accepted_at),
        depth=depth,
        what=_THROUGH.get(row.door, kind).format(row.caller),
        # What a destination brought is drawn as its delivery.
        source="" if row.door in ("destination", "subscription", "rule", "schedule", "notification") else source,
        request_id=row.request_id,
        spans=_spans(row, now),
    )


def _spans(row: Invocation, now: datetime) -> Sequence[Span]:
    attempts = sorted(row.attempts.all(), key=lambda one: one.pk)
    if row.invocation_type == Invocation.Type.ASYNC:
        policy = policy_of(row.function, Scope(row.account, row.region), row.qualifier)
        return [span for span in spans(row, attempts, policy, now) if span.kind != "planned"]
    end = row.ended_at or row.accepted_at
    return [Span("run", "call", row.accepted_at, end, 1, row.condition)]


def _delivery(row: Delivery, function: str, depth: int, now: datetime) -> Step:
    source = function if row.invocation_id is not None else place_of(row.source_arn)
    return Step(
        kind="delivery",
        place=place_of(row.destination),
        state=WORDS[Delivery.State(row.state)],
        start=row.created_at,
        end=row.ended_at or max(now, row.created_at),
        depth=depth,
        what=f"{row.kind} delivery",
        source=source,
        delivery=row,
    )


_KINDS = {"sqs": "queue", "sns": "topic", "events": "bus", "s3": "bucket", "lambda": "", "scheduler": "schedule"}


def place_of(target: str) -> str:
    """The lane of an ARN or URL: a function's own name, else the kind and the name."""
    arn = parse_arn(target)
    if arn is None:
        return target[:60]
    if arn.service == "lambda":
        return arn.resource.removeprefix("function:").split(":")[0]
    name = arn.resource.split(":")[0].removeprefix("event-bus/").removeprefix("schedule/")
    return f"{_KINDS.get(arn.service, arn.service)} {name}"


def _left_in_queues(trace_id: str, scopes: set[Scope]) -> list[Step]:
    """Messages of the trace that still lie in a queue: put there by a delivery, or by a function."""
    found = []
    for scope in scopes:
        for queue in Queue.objects.within(scope).order_by("name")[:QUEUES]:
            newest = Message.objects.filter(queue=queue).order_by("-visible_ms", "-id")[:LOOKED_THROUGH]
            found += [_message(queue, message) for message in newest if trace_id in message.trace_header]
    return sorted(found, key=lambda step: step.start)


def _message(queue: Queue, row: Message) -> Step:
    sent = browsing.moment(row.sent_ms) or clock.now()
    return Step(
        kind="message",
        place=f"queue {queue.name}",
        state=browsing.state_of(row),
        start=sent,
        end=max(clock.now(), sent + timedelta(milliseconds=1)),
        depth=1,
        what=f"message, received {row.receive_count} times",
        queue=queue,
        message=row,
    )
