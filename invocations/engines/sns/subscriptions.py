"""Who listens to a topic: subscribed, confirmed, found, listed, changed, unsubscribed."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from invocations import clock
from invocations.engines.sns import endpoints, fanout, limits, subscription_attributes, topic_attributes
from invocations.engines.sns.errors import (
    AuthorizationError,
    InvalidParameter,
    InvalidToken,
    SubscriptionDoesNotExist,
    TopicDoesNotExist,
)
from invocations.engines.sns.naming import read_subscription
from invocations.models import Subscription, Topic
from invocations.values import Scope

State = Subscription.State
_TOKEN = re.compile(r"[0-9a-f]{64,}")


@dataclass(frozen=True)
class Subscriber:
    """Who subscribes. `by_function`: with a function's session key."""

    account: str
    arn: str
    by_function: bool = False


def subscribe(topic: Topic, protocol: str, endpoint: str, given: Mapping[str, str], who: Subscriber) -> Subscription:
    """Make a subscription, or return the one of that endpoint when it has these attributes. Raises TopicRefusal.

    An HTTP endpoint is asked first, with a message of its own; it is asked again when it has not answered yet.
    """
    endpoints.check(topic, protocol, endpoint, who.by_function)
    if protocol in endpoints.HTTP and (topic.max_message_bytes or 0) > limits.MESSAGE_BYTES:
        topic_attributes.check_large([protocol])
    made = Subscription(
        topic=topic,
        subscription_id=str(uuid.uuid4()),
        state=State.PENDING if protocol in endpoints.HTTP else State.CONFIRMED,
        protocol=protocol,
        endpoint=endpoint,
        owner=who.account,
        principal=who.arn,
        by_function=who.by_function,
        authenticated=protocol not in endpoints.HTTP,
        created_at=clock.now(),
    )
    try:
        subscription_attributes.apply(made, given)
    except InvalidParameter as refusal:
        raise _of_attributes(refusal) from None
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _ask(made, topic)
        return made
    except IntegrityError:  # that endpoint listens already, or the topic has just gone
        existing = topic_attributes.live(topic).filter(protocol=protocol, endpoint=endpoint).first()
        if existing is None:
            raise TopicDoesNotExist from None
    if subscription_attributes.differing(existing, topic, given):
        raise InvalidParameter("Attributes Reason: Subscription already exists with different attributes")
    with transaction.atomic():
        _ask(existing, topic)
    found: Subscription = existing
    return found


def _of_attributes(refusal: InvalidParameter) -> InvalidParameter:
    reason = refusal.message.removeprefix("Invalid parameter: ")
    return InvalidParameter(f"Attributes Reason: {reason}")


def _ask(subscription: Subscription, topic: Topic) -> None:
    """Send a pending endpoint its token. One that is asked again gets a new one; the older still counts for nothing."""
    if subscription.state != State.PENDING:
        return
    token = _new_token()
    pending = Subscription.objects.filter(pk=subscription.pk, state=State.PENDING)
    if pending.update(token=token, token_until=clock.now() + limits.TOKEN_LIFE):
        fanout.ask_to_confirm(subscription, topic, token)


def _new_token() -> str:
    return secrets.token_hex(48)


def confirm(topic_arn: str, token: str, *, signed: bool, keep_signed: bool = False) -> Subscription:
    """PENDING -> CONFIRMED, or DELETED -> CONFIRMED with the token that said good-bye. A repeat changes nothing.

    `keep_signed`: only signed requests may unsubscribe it (when this one was signed). Raises TopicRefusal.
    """
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        raise InvalidParameter("Topic")
    if not _TOKEN.fullmatch(token):
        raise InvalidToken
    row = Subscription.objects.select_related("topic").filter(token=token, token_until__gt=clock.now()).first()
    if row is None:
        raise InvalidParameter("Token")
    if parts[3] != row.topic.region:
        raise InvalidParameter("Topic")
    waiting = Subscription.objects.filter(pk=row.pk, token=token).exclude(state=State.CONFIRMED)
    try:
        with transaction.atomic():
            waiting.update(
                state=State.CONFIRMED, authenticated=signed, keep_signed=signed and keep_signed, deleted_at=None
            )
    except IntegrityError:  # it was unsubscribed, and its endpoint has a new subscription since
        others = topic_attributes.live(row.topic).filter(protocol=row.protocol, endpoint=row.endpoint)
        other: Subscription | None = others.first()
        return row if other is None else other
    row.refresh_from_db()
    return row


def find(arn: str, scope: Scope) -> Subscription:
    """The subscription of an ARN; its topic is of that region. Raises TopicRefusal."""
    topic_arn, subscription_id = read_subscription(arn)
    row = Subscription.objects.select_related("topic").filter(subscription_id=subscription_id).first()
    if row is None or row.state == State.DELETED or row.topic.arn != topic_arn or row.topic.region != scope.region:
        raise SubscriptionDoesNotExist
    if scope.account not in (row.owner, row.topic.account):
        raise AuthorizationError(f"Account {scope.account} owns neither the subscription {arn} nor its topic")
    return row


def change(subscription: Subscription, name: str, value: str) -> None:
    """Set one attribute. Raises TopicRefusal."""
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(no_key=True, of=("self",)).select_related("topic")
        row = rows.filter(pk=subscription.pk).exclude(state=State.DELETED).first()
        if row is None:
            raise SubscriptionDoesNotExist
        subscription_attributes.apply(row, {name: value})
        row.save(
            update_fields=[
                "raw", "filter_policy", "filter_scope", "redrive_policy", "redrive_target", "delivery_policy",
            ]
        )  # fmt: skip


def unsubscribe(arn: str, account: str | None) -> None:
    """-> DELETED; one that is not there is fine. `account` None: an unsigned request, as from an UnsubscribeURL.

    Such a one is followed by a message with which the endpoint can be restored. Raises TopicRefusal.
    """
    _, subscription_id = read_subscription(arn)
    row = Subscription.objects.select_related("topic").filter(subscription_id=subscription_id).first()
    if row is None or row.arn != arn or row.state == State.DELETED:
        return
    if account is None and row.keep_signed:
        raise AuthorizationError("The subscription was confirmed with AuthenticateOnUnsubscribe: sign the request")
    if account not in (None, row.owner, row.topic.account):
        raise AuthorizationError(f"Account {account} owns neither the subscription {arn} nor its topic")
    farewell = account is None and row.protocol in endpoints.HTTP and row.state == State.CONFIRMED
    token = _new_token() if farewell else ""
    now = clock.now()
    with transaction.atomic():
        until = now + limits.TOKEN_LIFE if farewell else None
        live = Subscription.objects.filter(pk=row.pk).exclude(state=State.DELETED)
        if not live.update(state=State.DELETED, deleted_at=now, token=token, token_until=until):
            return
        Topic.objects.filter(pk=row.topic_id).update(subscriptions_deleted=F("subscriptions_deleted") + 1)
        if farewell:
            fanout.say_good_bye(row, row.topic, token)


def listed(scope: Scope, topic: Topic | None, after: int = 0, most: int = limits.LIST_ITEMS) -> list[Subscription]:
    """An account's subscriptions in a region, or a topic's; one more than `most` when there are more."""
    rows: QuerySet[Subscription] = Subscription.objects.select_related("topic").exclude(state=State.DELETED)
    if topic is not None:
        rows = rows.filter(topic=topic)
    else:
        rows = rows.filter(Q(owner=scope.account), topic__region=scope.region)
    return list(rows.filter(pk__gt=after).order_by("pk")[: most + 1])
