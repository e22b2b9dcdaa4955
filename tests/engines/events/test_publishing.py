"""Events: what is accepted, what rules send of them, and what is remembered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations.engines.events import browsing, buses, limits, publishing, remembering
from invocations.engines.events.buses import Permission
from invocations.engines.events.errors import AccessToBusDenied, InvalidRequest, NotFound
from invocations.engines.events.naming import BusName
from invocations.engines.events.publishing import Entry, Sender
from invocations.models import BusEvent, BusEventBody, Rule
from invocations.values import Parcel
from tests.engines.events.conftest import DEFAULT, FUNCTION, OTHER, PATTERN, QUEUE, SCOPE, SENDER, SHOP, aim, put, rule

DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"


def bodies(posted: list[Parcel]) -> list[Any]:
    return [json.loads(parcel.body) for parcel in posted]


def test_a_matching_event_is_posted_to_every_target_with_all_that_it_needs(posted: list[Parcel]) -> None:
    made = rule()
    aim(made, group="g", max_retries=0, max_age_seconds=60, dead_letter_arn=DEAD)
    aim(made, FUNCTION, "f")
    result = put({"total": 1}, resources=["a"], time=datetime(2026, 1, 31, 12, 34, 56, 999999, tzinfo=UTC))
    queue, function = posted
    event = {
        "version": "0",
        "id": result.event_id,
        "detail-type": "order",
        "source": "shop",
        "account": "000000000000",
        "time": "2026-01-31T12:34:56Z",
        "region": "us-east-1",
        "resources": ["a"],
        "detail": {"total": 1},
    }
    assert bodies(posted) == [event, event]
    assert (queue.kind, queue.target, queue.source_arn, queue.policy_arn) == ("rule", QUEUE, made.arn, made.arn)
    assert (queue.principal, queue.scope, queue.options["group"]) == ("events.amazonaws.com", SCOPE, "g")
    assert (queue.max_tries, queue.max_age_seconds, queue.dead_letter_arn) == (1, 60, DEAD)
    assert (function.max_tries, function.max_age_seconds, function.dead_letter_arn) == (186, 86_400, "")
    assert (queue.trace_id, queue.hops, queue.caused_by) == (SENDER.trace_id, 2, "r-1")
    assert set(queue.dead_letter_attributes) == {
        *("RULE_ARN", "TARGET_ARN", "ERROR_CODE"),
        *("ERROR_MESSAGE", "EXHAUSTED_RETRY_CONDITION", "RETRY_ATTEMPTS"),
    }
    assert queue.key != function.key


@pytest.mark.parametrize(
    ("given", "body"),
    [
        ({"constant": '{"a":  1}'}, '{"a":  1}'),
        ({"path": "$.detail.total"}, "5"),
        ({"path": "$.source"}, '"shop"'),
        ({"path": "$.detail.nope"}, "null"),
        ({"template": '{"n": <n>}', "paths": {"n": "$.detail.total"}}, '{"n": 5}'),
        ({"template": "<n> of <aws.events.rule-name>", "paths": {"n": "$.source"}}, '"shop" of "orders"'),
    ],
)
def test_a_target_gets_what_its_input_says(posted: list[Parcel], given: dict[str, Any], body: str) -> None:
    aim(rule(), **given)
    put({"total": 5})
    assert posted[0].body.decode() == body
    assert json.loads(posted[0].dead_letter_body or b"")["detail"] == {"total": 5}


def test_the_whole_event_by_path_is_the_event_as_it_came(posted: list[Parcel]) -> None:
    made = rule()
    aim(made, path="$")
    aim(made, target_id="u")
    publishing.put([Entry("shop", "order", '{"a": 1.00}')], SENDER)
    assert posted[0].body == posted[1].body
    assert posted[0].body.endswith(b'"detail":{"a":1.00}}')


def test_a_text_becomes_a_string_for_a_function(posted: list[Parcel]) -> None:
    aim(rule(), FUNCTION, template="<s> came", paths={"s": "$.source"})
    put()
    assert json.loads(posted[0].body) == '"shop" came'


def test_a_template_that_comes_out_broken_goes_to_the_dead_letter_queue(posted: list[Parcel]) -> None:
    made = rule()
    broken: dict[str, Any] = {"template": '{"a": "<d>"}', "paths": {"d": "$.detail"}}
    aim(made, **broken, dead_letter_arn=DEAD)
    aim(made, target_id="u", **broken)
    put({"k": "v"})
    (letter,) = posted
    assert (letter.target, letter.dead_letter_arn) == (DEAD, "")
    values = {name: one["value"] for name, one in letter.attributes.items()}
    assert values == {
        "RULE_ARN": made.arn,
        "TARGET_ARN": QUEUE,
        "ERROR_CODE": "INVALID_JSON",
        "ERROR_MESSAGE": "The input transformer's template did not come out as JSON.",
        "RETRY_ATTEMPTS": "0",
    }
    (row,) = browsing.events(buses.need(DEFAULT))
    assert [one.split(":")[0] for one in row.matched[0]["unsent"]] == ["t", "u"]


def test_rules_that_are_disabled_or_on_another_bus_send_nothing(shop: BusName, posted: list[Parcel]) -> None:
    aim(rule(state=Rule.State.DISABLED))
    aim(rule(shop))
    put()
    assert posted == []
    put(bus="shop")
    assert [parcel.source_arn for parcel in posted] == ["arn:aws:events:us-east-1:000000000000:rule/shop/orders"]


def test_what_came_is_remembered_with_the_rules_that_it_matched(posted: list[Parcel]) -> None:
    made = rule()
    aim(made)
    rule(name="big", pattern='{"detail": {"total": [{"numeric": [">", 100]}]}}')
    put({"total": 1})
    put({"total": 1}, source="bank")
    bus = buses.need(DEFAULT)
    bank, shop = browsing.events(bus)
    assert (shop.matched, bank.matched) == ([{"rule": "orders", "id": made.pk, "targets": ["t"]}], [])
    assert [row.pk for row in browsing.events(bus, unmatched=True)] == [bank.pk]
    said = {one.name: why for one, why in browsing.reasons(bank, bus)}
    assert said["big"] == 'detail.total is 1; the pattern wants [{"numeric": [">", 100]}].'
    assert said["orders"] == 'source is "bank"; the pattern wants ["shop"].'
    assert browsing.document(shop)["caused_by"] == "r-1"


def test_an_event_to_a_bus_that_does_not_exist_is_accepted_and_shown_as_lost(posted: list[Parcel]) -> None:
    assert put(bus="nope").event_id
    (row,) = browsing.events(None)
    assert (row.bus_id, row.bus_arn.endswith("/nope")) == (None, True)


def test_only_the_newest_events_are_kept(posted: list[Parcel], shop: BusName) -> None:
    for _ in range(5):
        put()
    put(bus="shop")
    bus = buses.need(DEFAULT)
    kept = [row.pk for row in browsing.events(bus)][:2]
    assert remembering.forget(bus.pk, kept=2) == 3
    assert [row.pk for row in browsing.events(bus)] == kept
    assert BusEventBody.objects.count() == BusEvent.objects.count() == 3


def test_the_oldest_are_forgotten_in_passing(posted: list[Parcel], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FORGET_EVERY", 1)
    real = remembering.forget
    monkeypatch.setattr(remembering, "forget", lambda bus: real(bus, kept=3))
    for _ in range(6):
        put()
    assert BusEvent.objects.count() == 3


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        ({"source": None}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"source": ""}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        (
            {"detail_type": None},
            "InvalidArgument",
            "Parameter DetailType is not valid. Reason: DetailType is a required argument.",
        ),
        ({"detail": None}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        ({"detail_type": "x" * 129}, "InvalidArgument", ""),
        ({"detail": "[]"}, "MalformedDetail", "Detail is malformed."),
        ({"detail": "{"}, "MalformedDetail", "Detail is malformed."),
        ({"source": "aws.s3"}, "NotAuthorizedForSourceException", "Not authorized for the source."),
    ],
)
def test_a_bad_entry_fails_alone(posted: list[Parcel], given: dict[str, Any], code: str, says: str) -> None:
    aim(rule())
    good: dict[str, Any] = {"source": "shop", "detail_type": "order", "detail": "{}"}
    bad, fine = publishing.put([Entry(**{**good, **given}), Entry(**good)], SENDER)
    assert (bad.code, bad.event_id) == (code, "")
    assert bad.message == says or not says
    assert fine.event_id
    assert len(posted) == BusEvent.objects.count() == 1


def test_all_entries_together_have_at_most_a_mebibyte(posted: list[Parcel]) -> None:
    entry = Entry("shop", "order", json.dumps({"a": "é" * 262_100}, ensure_ascii=False))
    spare = limits.ENTRIES_BYTES - 2 * publishing.size(entry)
    assert 0 < spare < 1000
    publishing.put([entry, entry], SENDER)
    with pytest.raises(InvalidRequest, match="Total size of the entries in the request is over the limit"):
        publishing.put([entry, entry, Entry("s" * spare, "t", "{}")], SENDER)
    assert BusEvent.objects.count() == 2


def test_another_account_needs_the_bus_policy(posted: list[Parcel]) -> None:
    arn, stranger = buses.need(DEFAULT).arn, Sender(OTHER, "arn:aws:iam::111122223333:root")
    aim(rule())
    refused = put(bus=arn, sender=stranger)
    assert refused.code == "AccessDeniedException"
    assert "events:PutEvents on resource: " + arn in refused.message
    buses.permit(DEFAULT, Permission("s", "events:PutEvents", OTHER.account))
    assert put(bus=arn, sender=stranger).event_id
    assert json.loads(posted[0].body)["account"] == OTHER.account
    assert posted[0].scope == SCOPE


def test_an_event_is_passed_on_whole_and_once(shop: BusName, posted: list[Parcel]) -> None:
    aim(rule(shop))
    put()
    body = bytes(BusEvent.objects.get().content.body)
    via = buses.need(DEFAULT).arn
    for _ in range(2):
        publishing.forward(SHOP, body, "one passing", via, SENDER)
    (parcel,) = posted
    assert (parcel.body, parcel.options["via"]) == (body, via)
    publishing.forward(SHOP, body, "another passing", via, SENDER)
    assert len(posted) == 2
    assert posted[0].key != posted[1].key
    assert browsing.events(buses.need(SHOP))[0].via == via


def test_what_cannot_be_passed_on_says_why(posted: list[Parcel]) -> None:
    with pytest.raises(NotFound):
        publishing.forward(SHOP, b"{}", "k", "", SENDER)
    with pytest.raises(InvalidRequest, match="not an event"):
        publishing.forward(DEFAULT, b"{}", "k", "", SENDER)
    with pytest.raises(AccessToBusDenied):
        publishing.forward(DEFAULT, b"{}", "k", "", Sender(OTHER, "arn"))


def test_an_event_of_our_own_is_told_once_and_may_speak_for_aws(posted: list[Parcel]) -> None:
    aim(rule(pattern='{"source": ["aws.s3"]}'))
    for _ in range(2):
        publishing.tell(DEFAULT, Entry("aws.s3", "Object Created", "{}"), "k", SENDER)
    assert len(posted) == BusEvent.objects.count() == 1


def test_what_cannot_be_posted_is_not_remembered(posted: list[Parcel], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no outbox")

    monkeypatch.setattr("invocations.outlet.post", fail)
    aim(rule())
    with pytest.raises(RuntimeError):
        put()
    assert BusEvent.objects.count() == 0


def test_every_event_continues_a_trace_or_begins_one(posted: list[Parcel]) -> None:
    aim(rule(pattern=PATTERN))
    own = "1-11111111-0123456789abcdef01234567"
    put(trace_id=own)
    put()
    put(sender=Sender(SCOPE, "arn"))
    put(sender=Sender(SCOPE, "arn"))
    first, second, third, fourth = [parcel.trace_id for parcel in posted]
    assert (first, second) == (own, SENDER.trace_id)
    assert third.startswith("1-")
    assert third != fourth
