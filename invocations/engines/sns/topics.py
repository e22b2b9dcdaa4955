"""Topics themselves: made, found, listed, changed, tagged, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Count, Q

from invocations import clock
from invocations.engines.sns import limits, naming, topic_attributes
from invocations.engines.sns.errors import InvalidParameter, TagLimitExceeded, TopicDoesNotExist
from invocations.engines.sns.naming import TopicName
from invocations.models import Subscription, Topic
from invocations.values import Scope

Tags = Sequence[tuple[str, str]]


def create(scope: Scope, name: str, given: Mapping[str, str], tags: Tags = ()) -> Topic:
    """Make a topic, or return the one of that name when it has these attributes and tags. Raises TopicRefusal."""
    fifo = given.get("FifoTopic", "").lower() == "true"
    naming.check_name(name, fifo)
    wanted = _checked_tags({}, tags)
    existing = Topic.objects.within(scope).filter(name=name).first()
    if existing is None:
        topic = Topic(
            account=scope.account, region=scope.region, name=name, fifo=fifo, tags=wanted, created_at=clock.now()
        )
        _apply(topic, given)
        try:
            with transaction.atomic():
                topic.save(force_insert=True)
            return topic
        except IntegrityError:  # another caller made it between the look and the insert
            existing = find(TopicName(scope, name))
    return _same(existing, given, wanted if tags else None)


def _same(existing: Topic, given: Mapping[str, str], tags: Mapping[str, str] | None) -> Topic:
    if tags is not None and tags != existing.tags:
        raise InvalidParameter("Tags Reason: Topic already exists with different tags")
    if topic_attributes.differing(existing, given):
        raise InvalidParameter("Attributes Reason: Topic already exists with different attributes")
    return existing


def _apply(topic: Topic, given: Mapping[str, str]) -> None:
    """At creation a refusal says that it is about the attributes."""
    try:
        topic_attributes.apply(topic, given)
    except InvalidParameter as refusal:
        reason = refusal.message.removeprefix("Invalid parameter: ")
        if reason == "AttributeName":
            names = ", ".join(given)
            raise InvalidParameter(f"Attributes Reason: Unknown attribute among {names}") from None
        raise


def find(name: TopicName) -> Topic:
    """Raises TopicDoesNotExist."""
    topic = Topic.objects.within(name.scope).filter(name=name.name).first()
    if topic is None:
        raise TopicDoesNotExist
    return topic


def find_arn(arn: str) -> Topic:
    """The topic of an ARN of whatever region. Raises TopicRefusal."""
    parts = arn.split(":")
    return find(naming.read_topic(arn, parts[3] if len(parts) > 3 else ""))


def listed(scope: Scope, after: str = "", most: int = limits.LIST_ITEMS) -> list[Topic]:
    """Topics by name, those behind `after`; one more than `most` when there are more."""
    return list(Topic.objects.within(scope).filter(name__gt=after).order_by("name")[: most + 1])


def read(topic: Topic) -> dict[str, str]:
    """All attributes with the counts of subscriptions."""
    states = Subscription.State
    counts = topic.subscriptions.aggregate(
        confirmed=Count("id", filter=Q(state=states.CONFIRMED)), pending=Count("id", filter=Q(state=states.PENDING))
    )
    return {
        **topic_attributes.written(topic),
        "SubscriptionsConfirmed": str(counts["confirmed"]),
        "SubscriptionsPending": str(counts["pending"]),
        "SubscriptionsDeleted": str(topic.subscriptions_deleted),
    }


def change(topic: Topic, name: str, value: str) -> None:
    """Set one attribute. Raises TopicRefusal."""
    with transaction.atomic():
        row = _locked(topic)
        topic_attributes.apply(row, {name: value})
        row.save(
            update_fields=[
                field.name
                for field in Topic._meta.fields
                if field.name not in ("id", "last_sequence", "subscriptions_deleted")
            ]
        )


def delete(topic: Topic) -> None:
    """Delete the topic with its subscriptions; what it has published is still delivered."""
    with transaction.atomic():
        Topic.objects.filter(pk=topic.pk).delete()


def tag(topic: Topic, tags: Tags) -> None:
    with transaction.atomic():
        row = _locked(topic)
        Topic.objects.filter(pk=row.pk).update(tags=_checked_tags(row.tags, tags))


def untag(topic: Topic, keys: Iterable[str]) -> None:
    with transaction.atomic():
        row = _locked(topic)
        gone = set(keys)
        Topic.objects.filter(pk=row.pk).update(tags={key: value for key, value in row.tags.items() if key not in gone})


def _checked_tags(present: Mapping[str, str], tags: Tags) -> dict[str, str]:
    keys = [key for key, _ in tags]
    if len(set(keys)) != len(keys):
        raise InvalidParameter("Duplicated keys are not allowed.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise InvalidParameter("Tags Reason: Tag keys must not start with aws:")
    found = {**present, **dict(tags)}
    if len(found) > limits.TAGS:
        raise TagLimitExceeded
    return found


def _locked(topic: Topic) -> Topic:
    row = Topic.objects.select_for_update(no_key=True).filter(pk=topic.pk).first()
    if row is None:
        raise TopicDoesNotExist
    return row
