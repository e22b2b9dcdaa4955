"""One topic: subscriptions and how they fare, what was published, the forms; and one message."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.pages import Crumb, page, wants_json
from invocations.admin.previews import preview
from invocations.arns import parse_arn, parse_function
from invocations.engines.sns import browsing, subscription_attributes, topic_attributes, topics
from invocations.forms.topics import PublishForm, SubscribeForm
from invocations.models import Delivery, Function, Publication, Queue, Subscription, Topic
from invocations.values import Scope

ROWS = 25
SHOWN = 80  # characters of a message in the list
PREVIEW_BYTES = 64 * 1024
_WORDS = {Delivery.State.PENDING: "pending", Delivery.State.SENT: "sent", Delivery.State.FAILED: "undeliverable"}


def topics_crumb() -> Crumb:
    return ("Topics", reverse("admin:invocations_topic_changelist"))


def topic_page(
    request: HttpRequest,
    topic: Topic,
    may_change: bool = True,
    publish: PublishForm | None = None,
    subscribe: SubscribeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    before, after = _number(request.GET.get("before", "")), _number(request.GET.get("after", "")) or 0
    rows = browsing.publications(topic, before, ROWS)
    older = rows[ROWS - 1].pk if len(rows) > ROWS else None
    listening = list(topic_attributes.live(topic).filter(pk__gt=after).order_by("pk")[: ROWS + 1])
    more = listening[ROWS - 1].pk if len(listening) > ROWS else None
    facts = topics.read(topic)
    if wants_json(request):
        return JsonResponse(
            {
                "topic": facts,
                "subscriptions": [subscription_attributes.written(row, topic) for row in listening[:ROWS]],
                "messages": [browsing.document(row, topic) for row in rows[:ROWS]],
                "before": older,
            }
        )
    context = {
        "topic": topic,
        "facts": facts,
        "subscriptions": [_subscription(row, topic) for row in listening[:ROWS]],
        "more": more,
        "fewer": bool(after),
        "publications": [(row, _start(row)) for row in rows[:ROWS]],
        "older": older,
        "newer": before is not None,
        "publish_form": publish or PublishForm(),
        "subscribe_form": subscribe or SubscribeForm(),
        "may_change": may_change,
        "example": f"aws sns subscribe --topic-arn {topic.arn} --protocol sqs --notification-endpoint QUEUE_ARN",
    }
    return page(request, "console/topic.html", topic.name, context, [topics_crumb()], status)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _subscription(row: Subscription, topic: Topic) -> dict[str, Any]:
    row.topic = topic
    return {
        "row": row,
        "place": _place(row),
        "missing": row.protocol in ("sqs", "lambda") and not _place(row),
        "recent": [(one, _WORDS[Delivery.State(one.state)]) for one in browsing.recent_deliveries(row)],
    }


def _place(row: Subscription) -> str:
    """The page of the queue or function; "" when it is none of ours, or not there."""
    arn = parse_arn(row.endpoint)
    if row.protocol == "sqs" and arn is not None:
        found = Queue.objects.within(Scope(arn.account, arn.region)).filter(name=arn.resource).first()
        return "" if found is None else reverse("admin:invocations_queue_change", args=[found.pk])
    name = parse_function(row.endpoint) if row.protocol == "lambda" else None
    if name is None:
        return ""
    function = Function.objects.filter(account=name.account, region=name.region, name=name.name).first()
    return "" if function is None else reverse("admin:invocations_function_change", args=[function.pk])


def _start(row: Publication) -> str:
    content = getattr(row, "content", None)
    if content is None:
        return ""
    text = " ".join(content.message[: SHOWN * 4].split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def message_page(request: HttpRequest, topic: Topic, pk: int) -> HttpResponse:
    """One message: what it was, who got it, who did not and why."""
    row = browsing.publication(topic, pk)
    if row is None:
        raise Http404("This message is not kept any more.")
    sent = list(browsing.deliveries_of(row)[:200])
    if wants_json(request):
        told = [{"destination": one.destination, "state": _WORDS[Delivery.State(one.state)]} for one in sent]
        return JsonResponse({**browsing.document(row, topic), "sent": told})
    content = getattr(row, "content", None)
    names = dict(topic.subscriptions.values_list("subscription_id", "endpoint"))
    context = {
        "topic": topic,
        "row": row,
        "content": content,
        "part": None if content is None else preview("message", content.message.encode(), PREVIEW_BYTES),
        "sent": [(one, _WORDS[Delivery.State(one.state)]) for one in sent],
        "filtered": [(names.get(one, one), why) for one, why in row.filtered.items()],
    }
    crumbs = [topics_crumb(), (topic.name, reverse("admin:invocations_topic_change", args=[topic.pk]))]
    return page(request, "console/topic_message.html", row.message_id[:8], context, crumbs)
