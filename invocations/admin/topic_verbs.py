"""What the topic page's buttons do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.pages import page, plain
from invocations.admin.topic_page import topic_page, topics_crumb
from invocations.engines.sns import content, publishing, subscriptions, topic_attributes, topics
from invocations.engines.sns.errors import TopicRefusal
from invocations.engines.sns.fanout import Origin
from invocations.engines.sns.subscriptions import Subscriber
from invocations.forms import refusal_sentence
from invocations.forms.topics import CreateTopicForm, PublishForm, SubscribeForm
from invocations.models import Subscription, Topic
from invocations.values import Scope


def _back(topic: Topic) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_topic_change", args=[topic.pk]))


def create(request: HttpRequest, scope: Scope, again: Callable[[CreateTopicForm], HttpResponse]) -> HttpResponse:
    """Make a topic; `again` shows the form with what is wrong."""
    form = CreateTopicForm(request.POST)
    if not form.is_valid():
        return again(form)
    try:
        topic = topics.create(scope, form.cleaned_data["name"], form.attributes())
    except TopicRefusal as refusal:
        form.add_error("name" if "ame" in refusal.message else None, refusal_sentence(refusal))
        return again(form)
    messages.success(request, f"{topic.name} is there.")
    return _back(topic)


def publish(request: HttpRequest, topic: Topic) -> HttpResponse:
    form = PublishForm(request.POST)
    if not form.is_valid():
        return topic_page(request, topic, publish=form, status=400)
    outgoing = form.outgoing()
    try:
        content.check(topic, outgoing)
        done = publishing.publish(topic, [outgoing], Origin(request.user.get_username()))[0]
    except TopicRefusal as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return topic_page(request, topic, publish=form, status=400)
    messages.success(request, f"Published: {done.message_id}.")
    return _back(topic)


def subscribe(request: HttpRequest, topic: Topic) -> HttpResponse:
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        return topic_page(request, topic, subscribe=form, status=400)
    who = Subscriber(topic.account, f"arn:aws:iam::{topic.account}:root")
    given = form.cleaned_data
    try:
        made = subscriptions.subscribe(topic, given["protocol"], given["endpoint"], form.attributes(), who)
    except TopicRefusal as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return topic_page(request, topic, subscribe=form, status=400)
    asked = made.state == Subscription.State.PENDING
    messages.success(request, f"{made.endpoint} {'has been asked to confirm' if asked else 'listens'}.")
    return _back(topic)


def unsubscribe(request: HttpRequest, topic: Topic) -> HttpResponse:
    row = topic_attributes.live(topic).filter(subscription_id=plain(request.POST.get("subscription"), 36)).first()
    if row is None:
        messages.warning(request, "That subscription is not there any more.")
    else:
        subscriptions.unsubscribe(row.arn, topic.account)
        messages.success(request, f"{row.endpoint} does not listen any more.")
    return _back(topic)


def delete(request: HttpRequest, topic: Topic) -> HttpResponse:
    if request.method == "POST":
        topics.delete(topic)
        messages.success(request, f"{topic.name} is deleted.")
        return HttpResponseRedirect(reverse("admin:invocations_topic_changelist"))
    context = {"topic": topic, "listening": topic_attributes.live(topic).count()}
    return page(request, "console/topic_delete.html", f"Delete {topic.name}", context, [topics_crumb()])
