"""`/buses/`, `/topics/` and below: one set of forms for programs and pages, a sentence for what is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.engines.events import buses, rules
from invocations.engines.events.naming import BusName
from invocations.engines.sns import topics
from invocations.engines.sqs import queues
from invocations.forms.buses import SAMPLE
from invocations.models import Bus, Queue, Rule, RuleTarget, Subscription, Topic
from invocations.values import Scope
from tests.views.test_invoke import basic

pytestmark = pytest.mark.django_db
SCOPE = Scope("000000000000", "us-east-1")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
PATTERN = {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}


@pytest.fixture
def shop(db: None) -> Bus:
    queues.create(SCOPE, "orders", {}, {})
    return buses.create(SCOPE, "shop", "", {})


def send(place: str, members: Any, **more: Any) -> Any:
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    return Client().post(place, body, content_type="application/json", headers=basic(), **more)


def test_a_bus_a_rule_with_its_target_and_a_second_one(shop: Bus) -> None:
    assert send("/buses/", {"name": "bank"}).json()["arn"].endswith("event-bus/bank")
    target = {"arn": QUEUE, "gets": "transformer", "paths": {"t": "$.detail.total"}, "template": {"total": "<t>"}}
    answer = send("/buses/shop/rules/", {"name": "big", "pattern": PATTERN, "sample": SAMPLE, "target": target})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["sample_matches"], made["targets"]) == (True, [{"id": "1", "arn": QUEUE}])
    assert "which lets this rule in" in made["permitted"]
    assert made["arn"] in Queue.objects.get().policy
    row = RuleTarget.objects.get()
    assert (row.paths, row.template, row.rule.state) == ({"t": "$.detail.total"}, '{"total": "<t>"}', "ENABLED")
    second = {"arn": QUEUE, "target_id": "2", "gets": "path", "path": "$.detail"}
    again = send("/buses/shop/rules/big/targets/", second).json()
    assert [one["id"] for one in again["targets"]] == ["1", "2"]
    assert again["permitted"] is None  # it was let in before


def test_a_target_that_cannot_be_permitted_is_still_made_and_says_so(shop: Bus) -> None:
    target = {"arn": "arn:aws:lambda:us-east-1:000000000000:function:gone"}
    made = send("/buses/shop/rules/", {"name": "r", "pattern": PATTERN, "target": target}).json()
    assert made["permitted"].startswith("Nothing was permitted: Function not found")
    assert RuleTarget.objects.count() == 1


def test_topics_and_subscriptions(shop: Bus) -> None:
    assert send("/topics/", {"name": "news.fifo", "fifo": True}).status_code == 201
    topics.create(SCOPE, "plain", {})
    given = {"protocol": "sqs", "endpoint": QUEUE, "filter_policy": {"kind": ["order"]}, "raw": True}
    made = send("/topics/plain/subscriptions/", given)
    assert (made.status_code, made.json()["state"]) == (201, Subscription.State.CONFIRMED)
    assert json.loads(Subscription.objects.get().filter_policy) == {"kind": ["order"]}


RULE = {"name": "r", "pattern": PATTERN}


@pytest.mark.parametrize(
    ("place", "members", "status", "says"),
    [
        ("buses/", b"{", 400, "The body is not JSON"),
        ("buses/", [], 400, "The body is not a JSON object."),
        ("buses/", {"name": "a b"}, 400, "name: “a b” has other characters than letters, digits"),
        ("buses/", {"name": "x" * 257}, 400, "name: Ensure this value has at most 256"),
        ("buses/", {"name": "shop"}, 400, "Event bus shop already exists."),
        ("buses/", {"name": "default"}, 400, "Event bus default already exists."),
        ("buses/", {"name": "b", "colour": 1}, 400, "There is no member colour; there are name, description."),
        ("buses/", {"name": "b", "archive": {}}, 400, "archive is refused: archives and replays are not offered."),
        ("buses/shop/rules/", {"name": "r"}, 400, "A rule needs an event pattern"),
        ("buses/shop/rules/", {**RULE, "pattern": {"a": "b"}}, 400, "pattern: Event pattern is not valid. Reason: "),
        ("buses/shop/rules/", {**RULE, "schedule": "rate(1 minute)"}, 400, "only on the default event bus"),
        ("buses/default/rules/", {"name": "r", "schedule": "rate(1 minutes)"}, 400, "schedule: The schedule is not"),
        ("buses/shop/rules/", {**RULE, "sample": {"a": 1}}, 400, "sample: A whole event has id"),
        ("buses/shop/rules/", {**RULE, "target": QUEUE}, 400, "target is not a JSON object."),
        ("buses/shop/rules/", {**RULE, "target": {"arn": "x"}}, 400, "Provided Arn is not in correct format."),
        ("buses/shop/rules/", {**RULE, "target": {"arn": "arn:aws:states:us-east-1:000000000000:x"}}, 400,
         "lambdaplay does not offer states"),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "gets": "path"}}, 400, "path: The target gets a part"),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "gets": "path", "path": "x"}}, 400,
         "InputPath for target 1 is invalid."),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "gets": "constant", "constant": "{"}}, 400,
         "JSON syntax error in input for target 1."),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "gets": "transformer", "template": "<x>"}}, 400,
         "contains invalid placeholder x."),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "paths": ["$"]}}, 400, "Input paths are a JSON object"),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "max_retries": 186}}, 400, "max_retries: Ensure"),
        ("buses/shop/rules/", {**RULE, "target": {"arn": QUEUE, "max_age_seconds": 0}}, 400, "max_age_seconds: Ensure"),
        ("buses/nope/rules/", RULE, 400, "Event bus nope does not exist."),
        ("buses/shop/rules/nope/targets/", {"arn": QUEUE}, 400, "Rule nope does not exist on EventBus shop."),
        ("topics/", {"name": "x", "fifo": True}, 400, "Fifo Topic names must end with .fifo"),
        ("topics/nope/subscriptions/", {"protocol": "sqs", "endpoint": QUEUE}, 404, "Topic does not exist"),
        ("topics/nope/subscriptions/", {"protocol": "fax", "endpoint": QUEUE}, 400, "protocol: Select a valid choice"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_and_leaves_nothing(
    shop: Bus, place: str, members: Any, status: int, says: str
) -> None:
    answer = send(f"/{place}", members)
    assert (answer.status_code, says in answer.json()["message"]) == (status, True), answer.json()
    assert (Bus.objects.exclude(name="default").count(), Rule.objects.count(), Topic.objects.count()) == (1, 0, 0)


def test_a_rule_that_is_there_is_not_replaced(shop: Bus) -> None:
    rules.put(BusName(SCOPE, "shop"), rules.RuleSpec("r", '{"source": ["mine"]}'))
    assert "already exists" in send("/buses/shop/rules/", RULE).json()["message"]
    assert Rule.objects.get().pattern == '{"source": ["mine"]}'


def test_who_may_make_them(shop: Bus) -> None:
    assert Client().post("/buses/", b"{}", content_type="application/json").status_code == 401
    wrong = basic("test", "wrong")
    assert Client().post("/buses/", b"{}", content_type="application/json", headers=wrong).status_code == 401
    client = Client()
    client.force_login(User.objects.create_user("guest"))
    assert client.post("/buses/", {"name": "bank"}).status_code == 403
    assert Client().post("/buses/", {"name": "bank"}).status_code == 302
    assert client.get("/buses/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root"))
    assert strict.post("/buses/", {"name": "bank"}).status_code == 403


def test_a_browser_is_led_to_the_page(shop: Bus) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    fields = {"name": "r", "pattern": json.dumps(PATTERN), "arn": QUEUE, "target_id": "1", "gets": "event"}
    answer = client.post("/buses/shop/rules/", fields)
    rule = Rule.objects.get()
    assert answer["Location"] == f"/admin/invocations/bus/{shop.pk}/rules/{rule.pk}/"
    assert (rule.state, rule.targets.count()) == ("DISABLED", 1)  # the box was not ticked
    refused = client.post("/buses/shop/rules/", fields)
    assert refused.status_code == 400
    assert "already exists" in refused.content.decode()
