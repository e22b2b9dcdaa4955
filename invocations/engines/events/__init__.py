"""EventBridge: buses, rules and targets on the database. Knows what rules send, not who takes it.

For other rooms: `put` events (PutEvents), `tell` of one that lambdaplay itself raises, `forward` one between buses.
What rules send leaves through `invocations.outlet`.
"""

from __future__ import annotations

from invocations.engines.events.errors import BusRefusal
from invocations.engines.events.naming import BusName, bus_of_arn
from invocations.engines.events.publishing import Entry, Result, Sender, forward, put, tell

__all__ = ["BusName", "BusRefusal", "Entry", "Result", "Sender", "bus_of_arn", "forward", "put", "tell"]
