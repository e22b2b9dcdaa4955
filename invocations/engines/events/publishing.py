"""Events coming to buses: matched, recorded and handed to the outbox, in one transaction."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from invocations import clock, outlet
from invocations.decisions.event_envelope import Envelope, opened, seal, time_text
from invocations.decisions.event_pattern import compile_pattern, matches
from invocations.decisions.input_transformer import InvalidResult
from invocations.decisions.tracing import continue_trace, trace_id
from invocations.engines.events import buses, limits, policies, remembering
from invocations.engines.events.errors import AccessToBusDenied, InvalidRequest, missing_bus
from invocations.engines.events.naming import BusName, bus_named
from invocations.engines.events.parcels import Arrival, dead_letter, parcel
from invocations.engines.events.remembering import Coming
from invocations.models import Bus, BusEvent, Rule
from invocations.values import Parcel, Scope

# What AWS says of an entry that lacks one of these.
_REQUIRED = {"Source": "source", "DetailType": "detail_type", "Detail": "detail"}


@dataclass(frozen=True)
class Entry:
    """One event as PutEvents gives it; None is what was not given."""

    source: str | None
    detail_type: str | None
    detail: str | None
    resources: Sequence[str] = ()
    bus: str | None = None  # name or ARN; None: the default bus
    time: datetime | None = None
    trace_id: str = ""  # "": the sender's


@dataclass(frozen=True)
class Sender:
    """Who puts events."""

    scope: Scope
    arn: str
    trace_id: str = ""
    hops: int = 0  # invocations that led here, the sender's own included
    caused_by: str = ""  # the request id of the last of these


@dataclass(frozen=True)
class Result:
    """What became of one entry: an id, or an error's code and text."""

    event_id: str = ""
    code: str = ""
    message: str = ""


def put(entries: Sequence[Entry], sender: Sender) -> list[Result]:
    """Accept events, each by itself; what is accepted is committed. Raises ValidationException for too many bytes.

    An event to a bus that does not exist is accepted and lost, as on AWS; the console shows it.
    """
    if sum(size(entry) for entry in entries) > limits.ENTRIES_BYTES:
        raise InvalidRequest("Total size of the entries in the request is over the limit.")
    received = clock.now()
    known = _buses(entries, sender.scope)
    results: list[Result] = []
    coming: list[Coming] = []
    for entry in entries:
        named, bus = known[entry.bus]
        result = _refused(entry, bus, sender)
        envelope = None if result else _sealed(entry, sender.scope, received)
        if envelope is None:
            results.append(result or Result(code="MalformedDetail", message="Detail is malformed."))
            continue
        results.append(Result(event_id=envelope.event_id))
        trace = entry.trace_id or sender.trace_id or _new_trace()
        arrival = Arrival(envelope.event_id, envelope, time_text(received), "", trace, sender.hops, sender.caused_by)
        coming.append(Coming(named.arn, bus, arrival))
    _accept(coming, received)
    return results


def forward(named: BusName, body: bytes, key: str, via: str, sender: Sender) -> None:
    """Accept an event that a rule of another bus (`via`, its ARN) passes on: the envelope stays as it is.

    `key` is the passing's own; a repeat finds it accepted. Raises BusRefusal: no bus, no permission, no event.
    """
    key = _bounded(key)
    if BusEvent.objects.filter(arrival=key).exists():
        return
    bus = _open_to(named, sender)
    envelope = opened(body)
    if envelope is None:
        raise InvalidRequest("What was sent to the bus is not an event.")
    received = clock.now()
    arrival = Arrival(key, envelope, time_text(received), via, sender.trace_id, sender.hops, sender.caused_by)
    _accept([Coming(named.arn, bus, arrival)], received)


def tell(named: BusName, entry: Entry, key: str, sender: Sender) -> None:
    """Accept an event that lambdaplay itself raises, of any source, once for each `key`. Raises BusRefusal."""
    key = _bounded(key)
    if BusEvent.objects.filter(arrival=key).exists():
        return
    bus = _open_to(named, sender)
    received = clock.now()
    envelope = _sealed(entry, sender.scope, received, key)
    if envelope is None:
        raise InvalidRequest("Detail is malformed.")
    arrival = Arrival(key, envelope, time_text(received), "", sender.trace_id, sender.hops, sender.caused_by)
    _accept([Coming(named.arn, bus, arrival)], received)


def _new_trace() -> str:
    """An event that continues nothing begins a flow of its own."""
    return trace_id(continue_trace(None, now=clock.real().timestamp(), random=os.urandom(20)))


def _bounded(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def fire(rule: Rule, at: datetime, key: str) -> None:
    """Send a scheduled rule's event of that time to its targets, once for each `key`; other rules do not see it."""
    key = _bounded(key)
    if BusEvent.objects.filter(arrival=key).exists():
        return
    bus, received = rule.bus, clock.now()
    envelope = seal(
        key,
        "aws.events",
        "Scheduled Event",
        "{}",
        account=bus.account,
        region=bus.region,
        at=at,
        resources=[rule.arn],
    )
    assert envelope is not None
    coming = Coming(bus.arn, bus, Arrival(key, envelope, time_text(received), trace_id=_new_trace()))
    _commit([coming], _parcels(coming, rule), received)


def size(entry: Entry) -> int:
    """Bytes of an entry as AWS counts them."""
    texts = [entry.source or "", entry.detail_type or "", entry.detail or "", *entry.resources]
    return sum(len(text.encode()) for text in texts) + (0 if entry.time is None else limits.ENTRY_TIME_BYTES)


def _buses(entries: Sequence[Entry], scope: Scope) -> dict[str | None, tuple[BusName, Bus | None]]:
    found = {}
    for written in {entry.bus for entry in entries}:
        named = bus_named(written, scope)
        found[written] = (named, buses.find(named))
    return found


def _open_to(named: BusName, sender: Sender) -> Bus:
    bus = buses.find(named)
    if bus is None:
        raise missing_bus(named.name)
    if not policies.lets(bus, sender.scope.account, policies.PUT):
        raise AccessToBusDenied(denial(bus, sender, policies.PUT))
    return bus


def denial(bus: Bus, sender: Sender, action: str) -> str:
    return (
        f"User: {sender.arn} is not authorized to perform: {action} on resource: {bus.arn} "
        f"because no resource-based policy allows the {action} action"
    )


def _refused(entry: Entry, bus: Bus | None, sender: Sender) -> Result | None:
    """What is wrong with an entry, its detail apart; None when nothing is."""
    for name, attribute in _REQUIRED.items():
        if not getattr(entry, attribute):
            return _argument(name, f"{name} is a required argument.")
    if len(entry.detail_type or "") > limits.DETAIL_TYPE_CHARACTERS:
        return _argument("DetailType", f"DetailType has more than {limits.DETAIL_TYPE_CHARACTERS} characters.")
    if (entry.source or "").startswith("aws."):
        return Result(code="NotAuthorizedForSourceException", message="Not authorized for the source.")
    facts = {"events:source": entry.source or "", "events:detail-type": entry.detail_type or ""}
    if bus is not None and not policies.lets(bus, sender.scope.account, policies.PUT, facts):
        return Result(code="AccessDeniedException", message=denial(bus, sender, policies.PUT))
    return None


def _argument(name: str, reason: str) -> Result:
    return Result(code="InvalidArgument", message=f"Parameter {name} is not valid. Reason: {reason}")


def _sealed(entry: Entry, scope: Scope, received: datetime, event_id: str | None = None) -> Envelope | None:
    return seal(
        event_id or str(uuid.uuid4()),
        entry.source or "",
        entry.detail_type or "",
        entry.detail or "",
        account=scope.account,
        region=scope.region,
        at=entry.time or received,
        resources=entry.resources,
    )


def _accept(coming: Sequence[Coming], received: datetime) -> None:
    """Commit the events and all that they cause."""
    if not coming:
        return
    rules = _rules({one.bus.pk: one.bus for one in coming if one.bus is not None})
    parcels: list[Parcel] = []
    for one in coming:
        for rule in rules.get(one.bus.pk, ()) if one.bus is not None else ():
            if matches(compile_pattern(rule.pattern), one.arrival.event.document):
                parcels += _parcels(one, rule)
    _commit(coming, parcels, received)


def _commit(coming: Sequence[Coming], parcels: Sequence[Parcel], received: datetime) -> None:
    with transaction.atomic():
        remembering.write(coming, received)
        outlet.post(parcels)


def _rules(found: Mapping[int, Bus]) -> dict[int, list[Rule]]:
    """The rules that look at events, by bus."""
    rows = Rule.objects.filter(bus__in=found, state=Rule.State.ENABLED).exclude(pattern="").prefetch_related("targets")
    by_bus: dict[int, list[Rule]] = {}
    for rule in rows.order_by("name"):
        rule.bus = found[rule.bus_id]
        by_bus.setdefault(rule.bus_id, []).append(rule)
    return by_bus


def _parcels(one: Coming, rule: Rule) -> list[Parcel]:
    """What a rule sends of an event; what its targets cannot get is noted, and goes to their dead-letter queues."""
    made, unsent = [], []
    targets = list(rule.targets.all())
    for target in targets:
        try:
            made.append(parcel(one.arrival, rule, target))
        except InvalidResult as error:
            unsent.append(f"{target.target_id}: {error}")
            letter = dead_letter(one.arrival, rule, target, error)
            made += [] if letter is None else [letter]
    one.note(rule, [target.target_id for target in targets], unsent)
    return made
