"""Buses, their policies and tags."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from invocations.engines.events import buses, limits, policies, rules, tagging
from invocations.engines.events.buses import Permission
from invocations.engines.events.errors import (
    AlreadyExists,
    BusRefusal,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    PolicyTooLong,
)
from invocations.engines.events.naming import BusName, bus_named, rule_of_arn
from invocations.models import Bus
from tests.engines.events.conftest import DEFAULT, OTHER, SCOPE, SHOP, rule

pytestmark = pytest.mark.django_db


def refused(kind: type[BusRefusal], action: Callable[[], object]) -> str:
    with pytest.raises(kind) as caught:
        action()
    assert type(caught.value) is kind
    return caught.value.message


def names() -> list[str]:
    return [bus.name for bus in buses.listed(SCOPE)]


def test_the_default_bus_is_always_there() -> None:
    assert names() == ["default"]
    assert buses.need(DEFAULT).arn == "arn:aws:events:us-east-1:000000000000:event-bus/default"
    assert Bus.objects.count() == 1
    message = refused(InvalidRequest, lambda: buses.delete(DEFAULT))
    assert message == "Cannot delete event bus default."


def test_a_bus_is_made_once_and_deleted_when_it_has_no_rules() -> None:
    buses.create(SCOPE, "shop", "of the shop", {"team": "a"})
    assert refused(AlreadyExists, lambda: buses.create(SCOPE, "shop", "", {})) == "Event bus shop already exists."
    assert refused(AlreadyExists, lambda: buses.create(SCOPE, "default", "", {})) == "Event bus default already exists."
    assert names() == ["default", "shop"]
    rule(SHOP)
    refused(InvalidRequest, lambda: buses.delete(SHOP))
    rules.delete(SHOP, "orders")
    buses.delete(SHOP)
    buses.delete(SHOP)  # AWS does not mind
    assert names() == ["default"]
    assert refused(NotFound, lambda: buses.need(SHOP)) == "Event bus shop does not exist."


def test_buses_belong_to_an_account_and_region() -> None:
    buses.create(OTHER, "shop", "", {})
    assert buses.find(SHOP) is None
    assert bus_named("arn:aws:events:us-east-1:111122223333:event-bus/shop", SCOPE) == BusName(OTHER, "shop")
    assert bus_named(None, SCOPE) == DEFAULT


def test_a_slash_is_for_partners() -> None:
    assert refused(InvalidRequest, lambda: buses.create(SCOPE, "a/b", "", {})) == "Event bus name must not contain '/'."


def test_there_are_at_most_a_hundred_buses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUSES", 1)
    buses.create(SCOPE, "one", "", {})
    refused(LimitExceeded, lambda: buses.create(SCOPE, "two", "", {}))


def test_statements_come_and_go() -> None:
    buses.permit(DEFAULT, Permission("s1", "events:PutEvents", OTHER.account))
    bus = buses.need(DEFAULT)
    assert json.loads(bus.policy) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "s1",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "events:PutEvents",
                "Resource": bus.arn,
            }
        ],
    }
    assert policies.lets(bus, OTHER.account, "events:PutEvents")
    assert not policies.lets(bus, OTHER.account, "events:PutRule")
    assert not policies.lets(bus, "444455556666", "events:PutEvents")
    message = refused(NotFound, lambda: buses.forbid(DEFAULT, "s2"))
    assert message == "Statement with the provided id does not exist."
    buses.forbid(DEFAULT, "s1")
    assert buses.need(DEFAULT).policy == ""
    assert refused(NotFound, lambda: buses.forbid(DEFAULT, "s1")) == "EventBus does not have a policy."


def test_a_whole_policy_may_allow_more_and_deny() -> None:
    def statement(effect: str, **more: object) -> dict[str, object]:
        return {"Effect": effect, "Principal": "*", "Action": "events:*", "Resource": "*", **more}

    only_shop = {"StringEquals": {"events:source": "shop"}}
    allow, deny = statement("Allow", Condition=only_shop), statement("Deny", Principal={"AWS": "444455556666"})
    buses.set_policy(DEFAULT, json.dumps({"Statement": [allow, deny]}))
    bus, shop = buses.need(DEFAULT), {"events:source": "shop"}
    assert policies.lets(bus, OTHER.account, "events:PutEvents", shop)
    assert not policies.lets(bus, OTHER.account, "events:PutEvents", {"events:source": "bank"})
    assert not policies.lets(bus, "444455556666", "events:PutEvents", shop)
    assert policies.lets(bus, SCOPE.account, "events:PutEvents")
    buses.forbid(DEFAULT, None)
    assert buses.need(DEFAULT).policy == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "events:*"}]}',
        '{"Statement": [{"Effect": "Allow", "Action": "events:*"}]}',
    ],
)
def test_a_broken_policy_is_refused(text: str) -> None:
    refused(InvalidRequest, lambda: buses.set_policy(DEFAULT, text))


def test_what_nothing_would_evaluate_is_refused_by_name() -> None:
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}
    with pytest.raises(InvalidRequest, match="organizations"):
        buses.permit(DEFAULT, Permission("s", "events:PutEvents", "*", condition))
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"IpAddress": {"aws:SourceIp": "::"}}}
    with pytest.raises(InvalidRequest, match="IpAddress on aws:SourceIp"):
        buses.set_policy(DEFAULT, json.dumps({"Statement": statement}))
    with pytest.raises(InvalidRequest, match="'action' is not supported"):
        buses.permit(DEFAULT, Permission("s", "events:PutRule", OTHER.account))


def test_a_policy_has_at_most_ten_kilobytes() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Sid": "x" * 10_240}
    refused(PolicyTooLong, lambda: buses.set_policy(DEFAULT, json.dumps({"Statement": statement})))


def test_tags_of_buses_and_rules() -> None:
    bus_arn, rule_arn = buses.need(DEFAULT).arn, rule().arn
    for arn in (bus_arn, rule_arn):
        tagging.add(arn, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        tagging.add(arn, [{"Key": "a", "Value": "3"}])
        tagging.remove(arn, ["b", "c"])
        assert tagging.of(arn) == {"a": "3"}
    refused(NotFound, lambda: tagging.of(f"{rule_arn}x"))
    refused(InvalidRequest, lambda: tagging.of("arn:aws:sqs:us-east-1:000000000000:q"))
    refused(InvalidRequest, lambda: tagging.add(bus_arn, [{"Key": "aws:x", "Value": ""}]))
    refused(LimitExceeded, lambda: tagging.add(bus_arn, [{"Key": str(n), "Value": ""} for n in range(51)]))
    assert tagging.of(bus_arn) == {"a": "3"}


def test_the_arn_of_a_rule_names_its_bus_unless_it_is_the_default_one() -> None:
    buses.create(SCOPE, "shop", "", {})
    on_default, on_shop = rule(), rule(SHOP)
    assert on_default.arn.endswith(":rule/orders")
    assert on_shop.arn.endswith(":rule/shop/orders")
    for made, named in ((on_default, DEFAULT), (on_shop, SHOP)):
        found = rule_of_arn(made.arn)
        assert found is not None
        assert (found.bus, found.name) == (named, "orders")
