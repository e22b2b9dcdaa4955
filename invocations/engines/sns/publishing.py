"""Publishing: a message, what each subscription is sent of it, and nothing less, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from invocations import clock, outlet
from invocations.engines.sns import fanout, limits, signing
from invocations.engines.sns.content import Outgoing
from invocations.engines.sns.envelopes import Notification
from invocations.engines.sns.errors import TopicDoesNotExist
from invocations.engines.sns.fanout import Origin
from invocations.models import Publication, PublicationBody, Subscription, Topic, TopicDedup
from invocations.values import Parcel

# AWS's sequence numbers have 20 digits.
_SEQUENCE_BASE = 10_000_000_000_000_000_000


@dataclass(frozen=True)
class Published:
    """`sequence` is the FIFO sequence number as text; None in standard topics."""

    message_id: str
    sequence: str | None = None


def sequence_text(sequence: int) -> str:
    return str(_SEQUENCE_BASE + sequence * 1000)


def publish(topic: Topic, messages: Sequence[Outgoing], origin: Origin) -> list[Published]:
    """Accept checked messages, all or none, and post what they become. Raises TopicDoesNotExist.

    Publishers to one FIFO topic take turns, so that places are given in the order of commits.
    """
    try:
        with transaction.atomic():
            return _publish_fifo(topic, messages, origin) if topic.fifo else _publish(topic, messages, origin)
    except IntegrityError:  # the topic's row is gone
        if Topic.objects.filter(pk=topic.pk).exists():
            raise
        raise TopicDoesNotExist from None


def _publish(topic: Topic, messages: Sequence[Outgoing], origin: Origin) -> list[Published]:
    rows = [_row(topic, origin) for _ in messages]
    _store(topic, rows, messages, origin)
    return [Published(row.message_id) for row in rows]


def _publish_fifo(topic: Topic, messages: Sequence[Outgoing], origin: Origin) -> list[Published]:
    locked = Topic.objects.select_for_update(no_key=True).filter(pk=topic.pk).first()
    if locked is None:
        raise TopicDoesNotExist
    now = clock.now()
    keys = [_key(locked, message) for message in messages]
    known = _known(locked, keys, now)
    fresh: list[tuple[Publication, Outgoing]] = []
    published = []
    sequence = locked.last_sequence
    for key, message in zip(keys, messages, strict=True):
        if key not in known:
            sequence += 1
            row = _row(locked, origin, sequence, message.group or "", key[1])
            fresh.append((row, message))
            known[key] = Published(row.message_id, sequence_text(sequence))
        published.append(known[key])
    if fresh:
        _store(locked, [row for row, _ in fresh], [message for _, message in fresh], origin)
        _remember(locked, [row for row, _ in fresh], now)
        Topic.objects.filter(pk=locked.pk).update(last_sequence=sequence)
    return published


def _key(topic: Topic, message: Outgoing) -> tuple[str, str]:
    group = (message.group or "") if topic.throughput_scope == "MessageGroup" else ""
    return group, message.dedup_key


def _known(topic: Topic, keys: Sequence[tuple[str, str]], now: datetime) -> dict[tuple[str, str], Published]:
    """Messages of the last five minutes by their key; older memories go."""
    TopicDedup.objects.filter(topic=topic, expires_at__lte=now).delete()
    same = Q()
    for group, deduplication_id in set(keys):
        same |= Q(group=group, deduplication_id=deduplication_id)
    rows = TopicDedup.objects.filter(same, topic=topic)
    return {(row.group, row.deduplication_id): Published(row.message_id, sequence_text(row.sequence)) for row in rows}


def _remember(topic: Topic, rows: Sequence[Publication], now: datetime) -> None:
    by_group = topic.throughput_scope == "MessageGroup"
    TopicDedup.objects.bulk_create(
        TopicDedup(
            topic=topic,
            group=row.group if by_group else "",
            deduplication_id=row.deduplication_id,
            message_id=row.message_id,
            sequence=row.sequence,
            expires_at=now + limits.DEDUPLICATION,
        )
        for row in rows
    )


def _row(topic: Topic, origin: Origin, sequence: int = 0, group: str = "", deduplication_id: str = "") -> Publication:
    return Publication(
        topic_id=topic.pk,
        message_id=str(uuid.uuid4()),
        published_at=clock.now(),
        written_at=clock.real(),
        sequence=sequence,
        group=group,
        deduplication_id=deduplication_id,
        publisher=origin.publisher,
        trace_id=origin.trace_id,
        caused_by=origin.caused_by,
    )


def _store(topic: Topic, rows: list[Publication], messages: Sequence[Outgoing], origin: Origin) -> None:
    listening = topic.subscriptions.filter(state=Subscription.State.CONFIRMED).order_by("pk")
    subscriptions = list(listening.select_related("topic"))
    parcels: list[Parcel] = []
    for row, message in zip(rows, messages, strict=True):
        sent = _parcels(topic, row, message, subscriptions, origin)
        row.deliveries = len(sent)
        row.group = message.group or ""
        parcels += sent
    Publication.objects.bulk_create(rows)
    PublicationBody.objects.bulk_create(
        PublicationBody(
            publication_id=row.pk,
            message=message.message,
            subject=message.subject or "",
            structure=message.structure,
            attributes=dict(message.attributes),
        )
        for row, message in zip(rows, messages, strict=True)
    )
    outlet.post(parcels)


def _parcels(
    topic: Topic, row: Publication, message: Outgoing, subscriptions: Sequence[Subscription], origin: Origin
) -> list[Parcel]:
    """What goes to whom; who gets nothing is noted in the row, with the reason."""
    texts: dict[str, Notification] = {}
    found = []
    for subscription in subscriptions:
        text = message.text_for(subscription.protocol)
        reason = fanout.why_not(subscription, text, message.attributes)
        if reason:
            row.filtered[subscription.subscription_id] = reason
            continue
        if text not in texts:
            texts[text] = _notification(topic, row, message, text)
        found.append(fanout.parcel(subscription, topic, texts[text], message, origin))
    return found


def _notification(topic: Topic, row: Publication, message: Outgoing, text: str) -> Notification:
    return Notification(
        message_id=row.message_id,
        topic_arn=topic.arn,
        message=text,
        at=row.published_at,
        subject=message.subject or "",
        sequence=sequence_text(row.sequence) if topic.fifo else "",
        signature_version=topic.signature_version or signing.SHA1,
        attributes={
            name: {"Type": one["DataType"], "Value": one.get("StringValue") or one.get("BinaryValue", "")}
            for name, one in message.attributes.items()
        },
    )
