"""The arrows of a delivery. Each is one UPDATE on the state it leaves; the count decides.

    PENDING --claim--> PENDING, leased --sent--> SENT
       ^                   |
       +------- later -----+---- fail ---> FAILED --revive--> PENDING

`tries` is raised by every claim, before anything is sent: a delivery that was sent and not marked is sent again, and
the number shows it. It also fences: a sender that was thought dead moves nothing, except that what it sent was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from invocations.models.delivery import Delivery, DeliveryBody
from invocations.models.invocation import Invocation
from lambdaplay.db.prepared import Select, Update, columns

LEASE = timedelta(seconds=60)  # longer than any destination may take to answer
RESEND = timedelta(seconds=10)  # a message not heard of for so long counts as lost
ERROR_CHARACTERS = 1000

State = Delivery.State


def due(now: datetime) -> QuerySet[Delivery]:
    """Deliveries to be tried now (product time) and with nobody at it, the longest due first. Of a lane: its oldest."""
    rows = Delivery.objects.filter(_free(), _in_turn(), state=State.PENDING, due_at__lte=now)
    return rows.order_by("due_at", "id")


def next_in_lane(lane: str, now: datetime) -> int | None:
    """Return the delivery of that lane whose turn it is, when it is due."""
    return due(now).filter(lane=lane).values_list("pk", flat=True).first()


def untold(now: datetime) -> QuerySet[Delivery]:
    """Due deliveries that no message speaks of."""
    return due(now).filter(sent_at=None)


def unheard(now: datetime, real: datetime, patience: timedelta = RESEND) -> QuerySet[Delivery]:
    """Due deliveries whose message was sent longer ago than `patience` and has not arrived."""
    return due(now).filter(sent_at__lt=real - patience)


def tell(pk: int, known: datetime | None, real: datetime) -> bool:
    """Note that a message is being sent; False when somebody else noted it first."""
    return bool(Delivery.objects.filter(pk=pk, state=State.PENDING, sent_at=known).update(sent_at=real))


def tell_new(pks: Sequence[int], real: datetime) -> None:
    """Note that messages about these new deliveries are being sent."""
    Delivery.objects.filter(pk__in=pks, state=State.PENDING, sent_at=None).update(sent_at=real)


def due_of(request_id: str, now: datetime) -> list[tuple[int, str]]:
    """What an invocation left to be sent now: ids and destinations."""
    return [(pk, destination) for pk, destination in _DUE_OF(request_id=request_id, now=now)]


def where_to(pk: int, now: datetime) -> tuple[str, str | None] | None:
    """Destination and lane of a delivery that is to be tried now, else None."""
    found = _WHERE_TO(pk=pk, now=now)
    return (found[0][0], found[0][1]) if found else None


def load(pk: int) -> Delivery:
    """The row with its content and, where it tells of an invocation, what is told of that (nothing else of it)."""
    (found,) = _LOAD(pk=pk)
    own, told = len(_OWN), len(_OWN) + len(_TOLD)
    row = Delivery.from_db(None, _OWN, found[:own])
    if row.invocation_id is not None:
        row.invocation = Invocation.from_db(None, _TOLD, found[own:told])
    row.content = DeliveryBody.from_db(None, _CONTENT, found[told:])
    return row


def claim(pk: int, now: datetime) -> bool:
    """Due and nobody at it -> leased to the caller, one more try."""
    return bool(_CLAIM(pk=pk, now=now))


def sent(pk: int, now: datetime) -> bool:
    """-> SENT, whoever has claimed it meanwhile: it is there."""
    return bool(_SENT(pk=pk, now=now))


def later(pk: int, tries: int, due_at: datetime, error: str) -> bool:
    """Tried in vain -> PENDING for another try."""
    return bool(_mine(pk, tries).update(due_at=due_at, lease_until=None, last_error=error[:ERROR_CHARACTERS]))


def fail(pk: int, tries: int, now: datetime, error: str) -> bool:
    """Tried in vain for the last time -> FAILED, shown as undeliverable."""
    return bool(
        _mine(pk, tries).update(state=State.FAILED, ended_at=now, lease_until=None, last_error=error[:ERROR_CHARACTERS])
    )


def revive(pk: int, now: datetime) -> bool:
    """FAILED -> PENDING, due at once and with all its time and tries again; `tries` goes on counting."""
    rows = Delivery.objects.filter(pk=pk, state=State.FAILED)
    seconds = rows.values_list("max_age_seconds", flat=True).first()
    if seconds is None:
        return False
    return bool(
        rows.update(
            state=State.PENDING,
            due_at=now,
            give_up_at=now + timedelta(seconds=seconds),
            spent=F("tries"),
            ended_at=None,
            lease_until=None,
            sent_at=None,
        )
    )


def hurry(pk: int, now: datetime) -> bool:
    """PENDING stays so, but is due at once."""
    return bool(Delivery.objects.filter(pk=pk, state=State.PENDING, due_at__gt=now).update(due_at=now, sent_at=None))


def _free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def _in_turn() -> Q:
    """Nothing of its lane is pending ahead of it."""
    ahead = Delivery.objects.filter(lane=OuterRef("lane"), state=State.PENDING, pk__lt=OuterRef("pk"))
    return Q(lane=None) | ~Q(Exists(ahead))


def _mine(pk: int, tries: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=pk, state=State.PENDING, tries=tries)


# The arrows of every delivery, which are taken many times a second.
_OWN = columns(Delivery)
_TOLD = columns(Invocation, "id", "request_id", "account", "region", "function", "qualifier")
_CONTENT = columns(DeliveryBody)
_DUE_OF = Select(
    lambda request_id, now: due(now).filter(invocation__request_id=request_id).values_list("pk", "destination"),
    request_id=str,
    now=datetime,
)
_WHERE_TO = Select(
    lambda pk, now: due(now).order_by().filter(pk=pk).values_list("destination", "lane"),
    pk=int,
    now=datetime,
)
_LOAD = Select(
    lambda pk: (
        Delivery.objects.filter(pk=pk)
        .order_by()
        .values_list(*_OWN, *(f"invocation__{name}" for name in _TOLD), *(f"content__{name}" for name in _CONTENT))
    ),
    pk=int,
)
_CLAIM = Update(
    lambda pk, now: (
        due(now).order_by().filter(pk=pk),
        {"lease_until": Now() + LEASE, "tries": F("tries") + 1, "sent_at": None},
    ),
    pk=int,
    now=datetime,
)
_SENT = Update(
    lambda pk, now: (
        Delivery.objects.filter(pk=pk).exclude(state=State.SENT),
        {"state": State.SENT, "ended_at": now, "lease_until": None, "last_error": ""},
    ),
    pk=int,
    now=datetime,
)
