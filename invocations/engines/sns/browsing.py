"""Looking at what was published, and at what became of it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from invocations.models import Delivery, Publication, Subscription, Topic

NEWEST = 5  # deliveries that are shown with a subscription


def publications(topic: Topic, before: int | None = None, most: int = 25) -> list[Publication]:
    """Publications with their bodies, newest first, those older than row `before`; one more than `most` if there are
    more."""
    rows = topic.publications.select_related("content").order_by("-id")
    return list((rows if before is None else rows.filter(id__lt=before))[: most + 1])


def publication(topic: Topic, pk: int) -> Publication | None:
    return topic.publications.select_related("content").filter(pk=pk).first()


def recent_deliveries(subscription: Subscription) -> list[Delivery]:
    """The subscription's newest deliveries, oldest of them first; its dead letters are not among them."""
    rows = Delivery.objects.filter(source_arn=subscription.arn).order_by("-id")
    return list(rows.exclude(kind=Delivery.Kind.DEAD_LETTER)[:NEWEST])[::-1]


def deliveries_of(row: Publication) -> QuerySet[Delivery]:
    """What was sent of a message: one for each subscription, and dead letters."""
    # A range of keys: LIKE uses no index on either database.
    return Delivery.objects.filter(key__gte=f"sns:{row.message_id}:", key__lt=f"sns:{row.message_id};").order_by("id")


def document(row: Publication, topic: Topic) -> dict[str, Any]:
    """One publication as JSON, for commands and pages. Its text is null once retention has taken it."""
    content = getattr(row, "content", None)
    return {
        "message_id": row.message_id,
        "topic": topic.arn,
        "published_at": row.published_at.isoformat(),
        "publisher": row.publisher,
        "trace_id": row.trace_id or None,
        "caused_by": row.caused_by or None,
        "group": row.group or None,
        "deliveries": row.deliveries,
        "filtered": row.filtered,
        "subject": None if content is None else content.subject or None,
        "attributes": None if content is None else content.attributes,
        "message": None if content is None else content.message,
    }
