"""The arrows of a mapping. Each is one UPDATE on the state it leaves; the count decides.

Creating, Enabling, Updating --> Enabled (or Disabled)      after a short while of real time
Disabling --> Disabled, Deleting --> gone                   when besides no poller is at work any more
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from invocations.models.mapping import Mapping

State = Mapping.State
STABLE = (State.ENABLED, State.DISABLED)
RISING = (State.CREATING, State.ENABLING, State.UPDATING)
ENDING = (State.DISABLING, State.DELETING)


def unsettled(before: datetime) -> QuerySet[Mapping]:
    """Mappings that began to change before this moment (real time)."""
    return Mapping.objects.exclude(state__in=STABLE).filter(state_since__lte=before)


def change(pk: int, known: str, state: str, real: datetime, **columns: Any) -> bool:
    """A stable state -> the transitional one of an owner's change."""
    return bool(Mapping.objects.filter(pk=pk, state=known).update(state=state, state_since=real, **columns))


def settle(pk: int, known: str, state: str, real: datetime, **columns: Any) -> bool:
    """A transitional state -> the stable one that it leads to."""
    return bool(Mapping.objects.filter(pk=pk, state=known).update(state=state, state_since=real, **columns))


def remember(mapping: Mapping, result: str) -> None:
    """Note how the last batch went; writes only what is new."""
    if mapping.last_result != result:
        mapping.last_result = result
        Mapping.objects.filter(pk=mapping.pk).update(last_result=result[:500])
