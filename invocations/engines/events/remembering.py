"""A bounded record of the events that came to each bus, and of the rules that each one matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from invocations.decisions.event_envelope import read_time
from invocations.engines.events import limits
from invocations.engines.events.parcels import Arrival
from invocations.models import Bus, BusEvent, BusEventBody, Rule


@dataclass(frozen=True)
class Coming:
    """An event on its way to a bus (None: there is none at that ARN), with the rules that it matched so far."""

    bus_arn: str
    bus: Bus | None
    arrival: Arrival
    matched: list[dict[str, Any]] = field(default_factory=list)

    def note(self, rule: Rule, targets: Sequence[str], unsent: Sequence[str]) -> None:
        found: dict[str, Any] = {"rule": rule.name, "id": rule.pk, "targets": list(targets)}
        self.matched.append({**found, "unsent": list(unsent)} if unsent else found)


def write(coming: Sequence[Coming], received: datetime) -> None:
    """Remember these, and forget the oldest of their buses now and then; to be called inside a transaction."""
    rows = BusEvent.objects.bulk_create([_row(one, received) for one in coming])
    BusEventBody.objects.bulk_create(
        [
            BusEventBody(event_id=row.pk, body=one.arrival.event.text.encode())
            for row, one in zip(rows, coming, strict=True)
        ]
    )
    for bus_id in {row.bus_id for row in rows if row.pk % limits.FORGET_EVERY == 0}:
        forget(bus_id)


def _row(one: Coming, received: datetime) -> BusEvent:
    arrival, document = one.arrival, one.arrival.event.document
    return BusEvent(
        bus=one.bus,
        bus_arn=one.bus_arn,
        arrival=arrival.key,
        event_id=arrival.event.event_id[:36],
        source=document["source"][:256],
        detail_type=document["detail-type"][:256],
        event_at=read_time(document["time"], received),
        received_at=received,
        matched=one.matched,
        via=arrival.via,
        trace_id=arrival.trace_id,
        hops=arrival.hops,
        caused_by=arrival.caused_by,
    )


def forget(bus_id: int | None, kept: int = limits.EVENTS_KEPT) -> int:
    """Forget all but the newest events of a bus (None: of buses that are not there); return how many were forgotten."""
    rows = BusEvent.objects.filter(bus=bus_id).order_by("-id")
    last = rows.values_list("pk", flat=True)[kept : kept + 1].first()
    if last is None:
        return 0
    old = list(rows.filter(pk__lte=last).values_list("pk", flat=True)[: limits.EVENTS_KEPT])
    BusEventBody.objects.filter(event__in=old).delete()
    return BusEvent.objects.filter(pk__in=old).delete()[0]
