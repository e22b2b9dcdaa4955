"""The arrows of a delivery. Each is one UPDATE on the state it leaves; the count decides.

    PENDING --claim--> PENDING, leased --sent--> SENT
       ^                   |
       +------- later -----+---- fail ---> FAILED --revive--> PENDING

`tries` is raised by every claim, before anything is sent: a delivery that was sent and not marked is sent again, and
the number shows it. It also fences: a sender that was thought dead moves nothing, except that what it sent was sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from invocations.decisions.backoff import GIVE_UP
from invocations.models.delivery import Delivery

LEASE = timedelta(seconds=60)  # longer than any destination may take to answer
RESEND = timedelta(seconds=10)  # a message not heard of for so long counts as lost
ERROR_CHARACTERS = 1000

State = Delivery.State


def due(now: datetime) -> QuerySet[Delivery]:
    """Deliveries to be tried now (product time) and with nobody at it, the longest due first."""
    return Delivery.objects.filter(_free(), state=State.PENDING, due_at__lte=now).order_by("due_at", "id")


def untold(now: datetime, real: datetime) -> QuerySet[Delivery]:
    """Due deliveries that no live message speaks of."""
    return due(now).filter(Q(sent_at=None) | Q(sent_at__lt=real - RESEND))


def unheard(now: datetime, real: datetime) -> QuerySet[Delivery]:
    """Due deliveries whose message was sent long ago and has not arrived."""
    return due(now).filter(sent_at__lt=real - RESEND)


def tell(pk: int, known: datetime | None, real: datetime) -> bool:
    """Note that a message is being sent; False when somebody else noted it first."""
    return bool(Delivery.objects.filter(pk=pk, state=State.PENDING, sent_at=known).update(sent_at=real))


def claim(pk: int, now: datetime) -> bool:
    """Due and nobody at it -> leased to the caller, one more try."""
    return bool(due(now).order_by().filter(pk=pk).update(lease_until=Now() + LEASE, tries=F("tries") + 1, sent_at=None))


def sent(pk: int, now: datetime) -> bool:
    """-> SENT, whoever has claimed it meanwhile: it is there."""
    return bool(
        Delivery.objects.filter(pk=pk)
        .exclude(state=State.SENT)
        .update(state=State.SENT, ended_at=now, lease_until=None, last_error="")
    )


def later(pk: int, tries: int, due_at: datetime, error: str) -> bool:
    """Tried in vain -> PENDING for another try."""
    return bool(_mine(pk, tries).update(due_at=due_at, lease_until=None, last_error=error[:ERROR_CHARACTERS]))


def fail(pk: int, tries: int, now: datetime, error: str) -> bool:
    """Tried in vain for the last time -> FAILED, shown as undeliverable."""
    return bool(
        _mine(pk, tries).update(state=State.FAILED, ended_at=now, lease_until=None, last_error=error[:ERROR_CHARACTERS])
    )


def revive(pk: int, now: datetime) -> bool:
    """FAILED -> PENDING, due at once and with all its time again; the tries go on counting."""
    return bool(
        Delivery.objects.filter(pk=pk, state=State.FAILED).update(
            state=State.PENDING, due_at=now, give_up_at=now + GIVE_UP, ended_at=None, lease_until=None, sent_at=None
        )
    )


def hurry(pk: int, now: datetime) -> bool:
    """PENDING stays so, but is due at once."""
    return bool(Delivery.objects.filter(pk=pk, state=State.PENDING, due_at__gt=now).update(due_at=now, sent_at=None))


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def _mine(pk: int, tries: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=pk, state=State.PENDING, tries=tries)
