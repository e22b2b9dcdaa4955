"""Between parcels and the rows of the outbox: written once for each key, and turned into dead letters at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from invocations import clock
from invocations.decisions.backoff import exhausted
from invocations.decisions.schedule_input import at_attempt
from invocations.destinations import Undeliverable
from invocations.models import Delivery, DeliveryBody
from invocations.values import Attributes, Parcel, Scope

AT_ONCE = 200  # rows of one INSERT
KEY_CHARACTERS = 512
LANE = "lane"  # the option that puts a parcel behind all others of its source with the same value


def write(parcels: Iterable[Parcel]) -> dict[int, Parcel]:
    """Write a row for each parcel and return them by the rows' ids; one whose key is there already is not written."""
    now = clock.now()
    by_key = {bounded(parcel.key): parcel for parcel in parcels}
    keys = list(by_key)
    written: dict[int, Parcel] = {}
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        Delivery.objects.bulk_create((_row(key, by_key[key], now) for key in some), ignore_conflicts=True)
        ids = dict(Delivery.objects.filter(key__in=some).order_by().values_list("key", "pk"))
        DeliveryBody.objects.bulk_create((_content(ids[key], by_key[key]) for key in some), ignore_conflicts=True)
        written |= {ids[key]: by_key[key] for key in some}
    return written


def bounded(key: str) -> str:
    """Return a key that fits its column; equal keys stay equal."""
    if len(key) <= KEY_CHARACTERS:
        return key
    return f"{key[:400]}:{hashlib.sha256(key.encode()).hexdigest()}"


def body(row: Delivery) -> bytes:
    """Return what is sent with the present try: a schedule's Input may tell its number."""
    kept = bytes(row.content.body)
    return at_attempt(kept, row.tries - row.spent) if row.kind == Delivery.Kind.SCHEDULE else kept


def dead_letter(row: Delivery, error: Undeliverable) -> Parcel | None:
    """Return what the dead-letter queue of an undeliverable delivery gets; None when it has none."""
    if not row.dead_letter_arn:
        return None
    content: DeliveryBody = row.content
    tries = row.tries - row.spent
    facts = {
        "{error_code}": error.code,
        "{error_message}": str(error),
        "{condition}": "" if error.permanent else exhausted(tries, row.max_tries),
        "{retries}": str(tries - 1),
    }
    letter = body(row) if content.dead_letter_body is None else bytes(content.dead_letter_body)
    return Parcel(
        key=bounded(f"{row.key}:dead-letter:{row.tries}"),
        kind=Delivery.Kind.DEAD_LETTER.value,
        source_arn=row.source_arn,
        target=row.dead_letter_arn,
        body=letter,
        scope=Scope(row.account, row.region),
        principal=row.principal,
        policy_arn=row.policy_arn,
        attributes={**content.attributes, **_filled(content.dead_letter_attributes, facts)},
        options={name: value for name, value in content.options.items() if name != LANE},
        trace_id=row.trace_id,
        hops=row.hops,
        caused_by=row.caused_by,
    )


def _filled(attributes: Attributes, facts: Mapping[str, str]) -> Attributes:
    filled = {}
    for name, one in attributes.items():
        value = one["value"]
        for placeholder, fact in facts.items():
            value = value.replace(placeholder, fact)
        if value:
            filled[name] = {**one, "value": value}
    return filled


def _row(key: str, parcel: Parcel, now: datetime) -> Delivery:
    return Delivery(
        key=key,
        kind=parcel.kind,
        account=parcel.scope.account,
        region=parcel.scope.region,
        source_arn=parcel.source_arn,
        destination=parcel.target,
        principal=parcel.principal,
        policy_arn=parcel.policy_arn,
        trace_id=parcel.trace_id,
        hops=parcel.hops,
        caused_by=parcel.caused_by,
        lane=f"{parcel.source_arn}/{parcel.options[LANE]}" if LANE in parcel.options else None,
        max_tries=parcel.max_tries,
        max_age_seconds=parcel.max_age_seconds,
        created_at=now,
        due_at=now,
        give_up_at=now + timedelta(seconds=parcel.max_age_seconds),
        dead_letter_arn=parcel.dead_letter_arn,
    )


def _content(delivery_id: int, parcel: Parcel) -> DeliveryBody:
    return DeliveryBody(
        delivery_id=delivery_id,
        body=parcel.body,
        attributes=_plain(parcel.attributes),
        options=dict(parcel.options),
        back_off=list(parcel.back_off),
        dead_letter_attributes=_plain(parcel.dead_letter_attributes),
        dead_letter_body=parcel.dead_letter_body,
    )


def _plain(attributes: Attributes) -> dict[str, dict[str, str]]:
    return {name: dict(one) for name, one in attributes.items()}
