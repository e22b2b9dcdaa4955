"""Looking at what came to a bus, for pages and commands: nothing here changes a row."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import QuerySet

from invocations.decisions.event_pattern import compile_pattern, explain
from invocations.engines.events.parcels import key_of
from invocations.models import Bus, BusEvent, Rule


def events(bus: Bus | None, before: int | None = None, most: int = 25, unmatched: bool = False) -> list[BusEvent]:
    """Events of a bus (None: of buses that are not there), newest first, those before row `before`; one more than
    `most` when there are more. `unmatched`: those alone that fitted no rule."""
    rows: QuerySet[BusEvent] = BusEvent.objects.filter(bus=bus).order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if unmatched:
        rows = rows.filter(matched=[])
    return list(rows[: most + 1])


def reasons(row: BusEvent, bus: Bus) -> list[tuple[Rule, str]]:
    """The bus's rules as they are now, by name, each with the leaf that keeps the event out ("": it fits)."""
    document = json.loads(bytes(row.content.body))
    found = []
    for rule in Rule.objects.filter(bus=bus).exclude(pattern="").order_by("name"):
        mismatch = explain(compile_pattern(rule.pattern), document)
        found.append((rule, "" if mismatch is None else str(mismatch)))
    return found


def keys(row: BusEvent) -> list[str]:
    """The keys of all that the event's rules posted to the outbox."""
    return [key_of(row.arrival, one["id"], target) for one in row.matched for target in one["targets"]]


def document(row: BusEvent) -> dict[str, Any]:
    """One event's record as JSON."""
    return {
        "event_id": row.event_id,
        "bus": row.bus_arn,
        "exists": row.bus_id is not None,
        "source": row.source,
        "detail_type": row.detail_type,
        "time": row.event_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "matched": row.matched,
        "via": row.via or None,
        "trace_id": row.trace_id or None,
        "caused_by": row.caused_by or None,
    }
