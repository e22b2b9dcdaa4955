"""Buses in the console: what came, which rules took it, and why the others did not."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from invocations.engines.events import buses, publishing, rules, targets
from invocations.engines.events.naming import BusName
from invocations.engines.events.publishing import Entry, Sender
from invocations.engines.events.rules import RuleSpec
from invocations.engines.events.targets import TargetSpec
from invocations.forms.buses import SAMPLE
from invocations.models import Bus, BusEvent, MissedFirings, Rule
from invocations.values import Scope

SCOPE = Scope("000000000000", "us-east-1")
SHOP = BusName(SCOPE, "shop")
PATTERN = '{"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}'


@pytest.fixture
def bus(db: None) -> Bus:
    return buses.create(SCOPE, "shop", "", {})


@pytest.fixture
def rule(bus: Bus) -> Rule:
    made = rules.put(SHOP, RuleSpec("big", PATTERN))
    targets.put(SHOP, "big", [TargetSpec("t", "arn:aws:sqs:us-east-1:000000000000:gone", path="$.detail")])
    return made


def put(total: int = 1, bus: str = "shop") -> BusEvent:
    entry = Entry("shop", "<b>order</b>", json.dumps({"total": total}), bus=bus)
    publishing.put([entry], Sender(SCOPE, "arn"))
    return BusEvent.objects.order_by("-pk")[0]


def test_the_list_has_the_default_bus_and_what_was_lost(console: Client, bus: Bus, rule: Rule) -> None:
    place = reverse("admin:invocations_bus_changelist")
    lost = put(bus="nope")
    answer = console.get(place)
    assert b"default" in answer.content
    assert b"no such bus" in answer.content
    shown = console.get(place, {"format": "json"}).json()
    assert {one["name"]: one["rules"] for one in shown["buses"]} == {"shop": 1, "default": 0}
    assert [one["exists"] for one in shown["lost"]] == [False]
    assert b"Lost:" in console.get(reverse("admin:invocations_bus_lost", args=[lost.pk])).content


def test_an_event_that_matched_nothing_says_which_leaf_kept_it_out(console: Client, bus: Bus, rule: Rule) -> None:
    row = put(99)
    page = console.get(reverse("admin:invocations_bus_change", args=[bus.pk])).content
    assert b"no rule" in page
    assert b"&lt;b&gt;order" in page
    detail = console.get(reverse("admin:invocations_bus_event", args=[bus.pk, row.pk])).content.decode()
    assert "It matched no rule, so it went nowhere." in detail
    assert "detail.total is 99; the pattern wants" in detail
    shown = console.get(reverse("admin:invocations_bus_change", args=[bus.pk]), {"matched": "no", "format": "json"})
    assert [one["event_id"] for one in shown.json()["events"]] == [row.event_id]


def test_an_event_that_matched_shows_what_was_sent(console: Client, bus: Bus, rule: Rule) -> None:
    row = put(101)
    detail = console.get(reverse("admin:invocations_bus_event", args=[bus.pk, row.pk])).content.decode()
    assert "arn:aws:sqs:us-east-1:000000000000:gone" in detail
    of_rule = console.get(reverse("admin:invocations_bus_rule", args=[bus.pk, rule.pk])).content.decode()
    assert row.event_id in of_rule
    assert "185 retries within 86400 s" in of_rule


def test_the_form_puts_an_event_and_says_what_is_wrong(console: Client, bus: Bus) -> None:
    place = reverse("admin:invocations_bus_put", args=[bus.pk])
    given = {"source": "shop", "detail_type": "order", "detail": '{"a": 1}', "resources": "arn:a\narn:b"}
    assert console.post(place, given).status_code == 302
    document = json.loads(bytes(BusEvent.objects.get().content.body))
    assert (document["resources"], document["detail"]) == (["arn:a", "arn:b"], {"a": 1})
    for wrong, says in (({"detail": "[]"}, b"must be a JSON object"), ({"source": "aws.s3"}, b"Not authorized")):
        answer = console.post(place, {**given, **wrong})
        assert answer.status_code == 400
        assert says in answer.content
    assert BusEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "status", "says"),
    [
        ({"pattern": '{"source": ["shop"]}'}, 200, b"The event fits the pattern."),
        ({"pattern": '{"source": ["bank"]}'}, 200, b"source is &quot;shop&quot;; the pattern wants"),
        ({"pattern": '{"source": "bank"}'}, 400, b"must be an object or an array"),
        ({"event": "{}"}, 400, b"A whole event has id"),
        ({"event": "{"}, 400, b"The event is not JSON"),
    ],
)
def test_a_pattern_is_tried_before_it_is_used(
    console: Client, bus: Bus, rule: Rule, given: dict[str, str], status: int, says: bytes
) -> None:
    fields = {"pattern": PATTERN, "event": json.dumps(SAMPLE), **given}
    for place in (
        reverse("admin:invocations_bus_try", args=[bus.pk]),
        reverse("admin:invocations_bus_rule_try", args=[bus.pk, rule.pk]),
    ):
        answer = console.post(place, fields)
        assert answer.status_code == status
        assert says in answer.content
    assert Rule.objects.get().pattern == PATTERN


def test_a_rule_is_switched_changed_and_deleted(console: Client, bus: Bus, rule: Rule) -> None:
    def post(verb: str, fields: dict[str, str] | None = None) -> None:
        place = reverse(f"admin:invocations_bus_rule_{verb}", args=[bus.pk, rule.pk])
        assert console.post(place, fields or {}).status_code == 302

    post("disable")
    assert Rule.objects.get().state == "DISABLED"
    post("enable")
    assert Rule.objects.get().state == "ENABLED"
    post("pattern", {"pattern": '{"source": ["bank"]}', "event": json.dumps(SAMPLE)})
    assert Rule.objects.get().pattern == '{"source": ["bank"]}'
    post("delete")
    assert Rule.objects.count() == 0


def test_a_schedule_shows_its_next_ten_firings_and_is_fired_by_hand(console: Client, db: None) -> None:
    made = rules.put(BusName(SCOPE, "default"), RuleSpec("tick", schedule="cron(0 8 ? * MON-FRI *)"))
    place = reverse("admin:invocations_bus_rule", args=[made.bus_id, made.pk])
    shown = console.get(place, {"format": "json"}).json()["next_firings"]
    assert (len(shown), shown[0][11:]) == (10, "08:00:00+00:00")
    MissedFirings.objects.create(
        rule=made, first_at=made.created_at, last_at=made.created_at, count=3, noticed_at=made.created_at
    )
    page = console.get(place).content.decode()
    assert shown[9][:10] in page
    assert "3 missed" in page
    assert console.post(reverse("admin:invocations_bus_rule_fire", args=[made.bus_id, made.pk])).status_code == 302
    assert BusEvent.objects.get().source == "aws.events"


def test_a_schedule_is_tried_and_what_is_wrong_is_pointed_at(console: Client, db: None) -> None:
    place = reverse("admin:invocations_bus_change", args=[buses.need(BusName(SCOPE, "default")).pk])
    assert b"<ol>" in console.get(place, {"schedule": "rate(5 minutes)"}).content
    wrong = console.get(place, {"schedule": "cron(0 25 * * ? *)"}).content
    assert b"hours goes from 0 to 23 (at character 8)" in wrong
    assert b"cron(0 <mark>25 * * ? *)</mark>" in wrong
    assert b"never fires again" in console.get(place, {"schedule": "cron(0 0 30 2 ? *)"}).content


def test_a_bus_with_rules_is_not_deleted(console: Client, bus: Bus, rule: Rule) -> None:
    place = reverse("admin:invocations_bus_delete", args=[bus.pk])
    assert b"must be deleted first" in console.get(place).content
    assert b"since it has rules" in console.post(place).content
    targets.remove(SHOP, "big", ["t"])
    rules.delete(SHOP, "big")
    assert console.post(place).status_code == 302
    assert not Bus.objects.filter(name="shop").exists()


@pytest.mark.parametrize("verb", ["put", "try"])
def test_verbs_are_posted_by_those_who_may_change(client: Client, console: Client, bus: Bus, verb: str) -> None:
    place = reverse(f"admin:invocations_bus_{verb}", args=[bus.pk])
    assert console.get(place).status_code == 405
    assert "login" in client.post(place)["Location"]


def test_a_bus_is_made_in_the_console(console: Client) -> None:
    place = reverse("admin:invocations_bus_make")
    made = console.post(place, {"name": "bank"})
    assert made["Location"] == reverse("admin:invocations_bus_change", args=[Bus.objects.get(name="bank").pk])
    for name, says in (("bank", "Event bus bank already exists."), ("a/b", "must not contain"), ("", "required")):
        refused = console.post(place, {"name": name})
        assert refused.status_code == 400
        assert says in refused.content.decode()


NEW = {"name": "new", "pattern": PATTERN, "sample": json.dumps(SAMPLE), "enabled": "on"}
GONE = "arn:aws:sqs:us-east-1:000000000000:gone"


def test_a_rule_is_made_with_its_first_target(console: Client, bus: Bus) -> None:
    put(7)
    place = reverse("admin:invocations_bus_add_rule", args=[bus.pk])
    assert "&quot;total&quot;: 7" in console.get(place).content.decode()  # the newest event is the sample
    fields = {**NEW, "arn": GONE, "target_id": "1", "gets": "path", "path": "$.detail"}
    checked = console.post(place, {**fields, "check": "1"}).content.decode()
    assert "The sample event fits the pattern." in checked
    assert "{&quot;total&quot;:120}" in checked
    assert Rule.objects.count() == 0
    made = console.post(place, {**fields, "permit": "on"}, follow=True)
    assert "Nothing was permitted: The specified queue does not exist" in made.content.decode()
    row = Rule.objects.get()
    assert (row.state, row.targets.get().path) == ("ENABLED", "$.detail")
    again = console.post(place, fields)
    assert again.status_code == 400
    assert "Rule new already exists" in again.content.decode()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "The sample event fits the pattern."),
        ({"name": ""}, "The sample event fits the pattern."),
        ({"pattern": '{"source": ["bank"]}'}, "source is &quot;shop&quot;; the pattern wants"),
        ({"pattern": "{"}, "Event pattern is not valid. Reason: Unexpected end-of-input."),
        ({"sample": "{"}, "The sample event is not JSON"),
        ({"sample": ""}, "A pattern and a sample event are compared here."),
        ({"arn": GONE}, "The target would get:"),
        ({"arn": GONE, "gets": "constant", "constant": '{"a":1}'}, "{&quot;a&quot;:1}"),
        ({"arn": GONE, "gets": "transformer", "paths": '{"t": "$.detail.total"}', "template": '"of <t>"'}, "of 120"),
        ({"arn": GONE, "gets": "transformer", "paths": '{"d": "$.detail"}', "template": '{"a": "<d>"}'}, "come out as"),
        ({"arn": GONE, "gets": "path"}, "so this must be filled in"),
        ({"arn": "x"}, "Provided Arn is not in correct format."),
    ],
)
def test_what_is_being_written_is_checked_live(console: Client, bus: Bus, fields: dict[str, str], says: str) -> None:
    place = reverse("admin:invocations_bus_check", args=[bus.pk])
    answer = console.post(place, {**NEW, "target_id": "1", "gets": "event", **fields})
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert Rule.objects.count() == 0


def test_targets_are_added_and_removed(console: Client, bus: Bus, rule: Rule) -> None:
    place = reverse("admin:invocations_bus_rule_target", args=[bus.pk, rule.pk])
    fields = {"arn": GONE, "target_id": "2", "gets": "constant", "constant": '{"a": 1}'}
    assert console.post(place, fields).status_code == 302
    assert [one.target_id for one in rule.targets.order_by("target_id")] == ["2", "t"]
    wrong = console.post(place, {**fields, "constant": "{"})
    assert wrong.status_code == 400
    assert "JSON syntax error in input for target 2." in wrong.content.decode()
    gone = reverse("admin:invocations_bus_rule_untarget", args=[bus.pk, rule.pk])
    for says in ("Target 2 gets nothing more.", "That target is not there any more."):
        assert says in console.post(gone, {"target": "2"}, follow=True).content.decode()
    assert [one.target_id for one in rule.targets.all()] == ["t"]
