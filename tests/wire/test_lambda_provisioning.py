"""Provisioned concurrency through boto3: shapes, errors and what it claims. That it is ready: the live tests."""

from __future__ import annotations

import re
from typing import Any

import pytest

from invocations.flows import pools
from invocations.models import Function, ProvisionedConfig
from invocations.runtime import client
from invocations.values import PoolState
from tests.wire.functions import ARN, create, refused

pytestmark = pytest.mark.django_db

BAD, GONE, CONFLICT = "InvalidParameterValueException", "ResourceNotFoundException", "ResourceConflictException"
NONE = (
    "ProvisionedConcurrencyConfigNotFoundException",
    404,
    "No Provisioned Concurrency Config found for this function",
)


@pytest.fixture
def fn(api: Any) -> Any:
    """boto3, and a function `fn` with the versions 1 and 2 and an alias `live` for 1."""
    create(api, Publish=True)
    api.update_function_configuration(FunctionName="fn", Description="another")
    api.publish_version(FunctionName="fn")
    api.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    return api


def put(api: Any, qualifier: str, count: int = 1) -> Any:
    answer = api.put_provisioned_concurrency_config(
        FunctionName="fn", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )
    status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
    assert status == 202
    return answer


def wanted() -> dict[str, int]:
    return {spec.version: count for spec, count in pools.wanted(Function.objects.get())}


def test_put_get_list_and_delete(fn: Any) -> None:
    answer = put(fn, "live", 2)
    stamp = answer.pop("LastModified")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", stamp)
    numbers = {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
    }
    assert answer == numbers
    put(fn, "2")
    found = fn.get_provisioned_concurrency_config(FunctionName="fn:live", Qualifier="live")
    found.pop("ResponseMetadata")
    assert found == {**numbers, "LastModified": stamp}
    listed = fn.list_provisioned_concurrency_configs(FunctionName="fn")["ProvisionedConcurrencyConfigs"]
    assert listed[0] == {"FunctionArn": ARN + "function:fn:live", **numbers, "LastModified": stamp}
    assert [row["FunctionArn"] for row in listed] == [ARN + "function:fn:live", ARN + "function:fn:2"]
    first = fn.list_provisioned_concurrency_configs(FunctionName="fn", MaxItems=1)
    rest = fn.list_provisioned_concurrency_configs(FunctionName="fn", Marker=first["NextMarker"])
    assert first["ProvisionedConcurrencyConfigs"] + rest["ProvisionedConcurrencyConfigs"] == listed
    assert "NextMarker" not in rest
    for _ in range(2):  # what is not there can be deleted too
        answer = fn.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="live")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(fn.get_provisioned_concurrency_config, FunctionName="fn", Qualifier="live") == NONE
    assert put(fn, "2", 7)["RequestedProvisionedConcurrentExecutions"] == 7  # put again: another number
    assert ProvisionedConfig.objects.get().requested == 7


@pytest.mark.parametrize("operation", ["get", "delete", "put"])
def test_latest_and_what_does_not_exist(fn: Any, operation: str) -> None:
    call = getattr(fn, f"{operation}_provisioned_concurrency_config")
    more = {"ProvisionedConcurrentExecutions": 1} if operation == "put" else {}
    latest = (
        "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        if operation == "put"
        else "The function resource provided must be an alias or a published version."
    )
    assert refused(call, FunctionName="fn", Qualifier="$LATEST", **more) == (BAD, 400, latest)
    missing = f"Function not found: {ARN}function:fn:9"
    assert refused(call, FunctionName="fn", Qualifier="9", **more) == (GONE, 404, missing)
    missing = f"Cannot find alias arn: {ARN}function:fn:none"
    assert refused(call, FunctionName="fn", Qualifier="none", **more) == (GONE, 404, missing)
    code, status, text = refused(call, FunctionName="none", Qualifier="1", **more)
    assert (code, status) == (GONE, 404)
    assert text.startswith(f"Function not found: {ARN}function:none")
    assert not ProvisionedConfig.objects.exists()


def test_a_number_below_one_is_no_number(fn: Any) -> None:
    text = (
        "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )
    answer = refused(
        fn.put_provisioned_concurrency_config, FunctionName="fn", Qualifier="1", ProvisionedConcurrentExecutions=0
    )
    assert answer == ("ValidationException", 400, text)


def test_an_alias_and_its_version_do_not_both_have_one(fn: Any) -> None:
    call = fn.put_provisioned_concurrency_config
    put(fn, "1")
    text = "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
    more = {"FunctionName": "fn", "ProvisionedConcurrentExecutions": 1}
    assert refused(call, Qualifier="live", **more) == (CONFLICT, 409, text)
    fn.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="1")
    put(fn, "live")
    assert refused(call, Qualifier="1", **more) == (
        CONFLICT,
        409,
        "Version is pointed by a Provisioned Concurrency alias",
    )
    put(fn, "2")
    moved = refused(fn.update_alias, FunctionName="fn", Name="live", FunctionVersion="2")
    assert moved == (CONFLICT, 409, text)
    assert fn.get_alias(FunctionName="fn", Name="live")["FunctionVersion"] == "1"


def test_an_alias_under_weights_is_not_touched_and_one_for_latest_has_none(fn: Any) -> None:
    call = fn.put_provisioned_concurrency_config
    put(fn, "live", 10)
    fn.update_alias(FunctionName="fn", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.2}})
    assert wanted() == {"1": 8, "2": 2}
    text = "Alias with weights can not be used with Provisioned Concurrency"
    more = {"FunctionName": "fn", "ProvisionedConcurrentExecutions": 1}
    assert refused(call, Qualifier="live", **more) == (BAD, 400, text)
    unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
    fn.create_alias(FunctionName="fn", Name="newest", FunctionVersion="$LATEST")
    assert refused(call, Qualifier="newest", **more) == (BAD, 400, unpublished)
    latest = {"FunctionVersion": "$LATEST", "RoutingConfig": {}}
    assert refused(fn.update_alias, FunctionName="fn", Name="live", **latest) == (BAD, 400, unpublished)


def test_it_follows_its_alias_and_goes_with_what_it_belongs_to(fn: Any) -> None:
    put(fn, "live", 3)
    assert wanted() == {"1": 3}
    fn.create_alias(FunctionName="fn", Name="also", FunctionVersion="2")
    put(fn, "also", 2)
    fn.update_alias(FunctionName="fn", Name="live", FunctionVersion="2")
    assert wanted() == {"2": 5}
    fn.delete_alias(FunctionName="fn", Name="live")
    fn.delete_alias(FunctionName="fn", Name="also")
    assert wanted() == {}
    put(fn, "1")
    fn.delete_function(FunctionName="fn", Qualifier="1")
    assert not ProvisionedConfig.objects.exists()
    put(fn, "2")
    fn.delete_function(FunctionName="fn")
    assert not ProvisionedConfig.objects.exists()


def test_it_is_part_of_the_reservation_both_ways(fn: Any) -> None:
    reserve, more = fn.put_function_concurrency, {"FunctionName": "fn", "Qualifier": "2"}
    reserve(FunctionName="fn", ReservedConcurrentExecutions=3)
    put(fn, "1", 2)
    text = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    over = refused(fn.put_provisioned_concurrency_config, **more, ProvisionedConcurrentExecutions=2)
    assert over == (BAD, 400, text)
    text = " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    assert refused(reserve, FunctionName="fn", ReservedConcurrentExecutions=1) == (BAD, 400, text)
    assert fn.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 997


def test_without_a_reservation_it_is_taken_off_the_accounts_share(fn: Any) -> None:
    call = fn.put_provisioned_concurrency_config
    put(fn, "1", 300)
    assert fn.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 700
    floor = (
        "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
        "minimum value of [100]."
    )
    more = {"FunctionName": "fn", "Qualifier": "2"}
    assert refused(call, **more, ProvisionedConcurrentExecutions=601) == (BAD, 400, floor)
    text = "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [700]."
    assert refused(call, **more, ProvisionedConcurrentExecutions=701) == (BAD, 400, text)
    put(fn, "1", 900)  # instead of its 300, not beside them
    create(fn, "other")
    reserve = refused(fn.put_function_concurrency, FunctionName="other", ReservedConcurrentExecutions=1)
    assert reserve[0] == BAD
    assert "below its minimum value of [100]" in reserve[2]
    fn.delete_provisioned_concurrency_config(FunctionName="fn", Qualifier="1")
    fn.put_function_concurrency(FunctionName="other", ReservedConcurrentExecutions=1)


def test_a_runtime_that_this_machine_lacks_says_so(fn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invocations.runtime.runtimes.unrunnable", lambda runtime: f"There is no {runtime} here.")
    assert put(fn, "1")["Status"] == "IN_PROGRESS"
    found = fn.get_provisioned_concurrency_config(FunctionName="fn", Qualifier="1")
    assert (found["Status"], found["StatusReason"]) == ("FAILED", "There is no python3.12 here.")


def test_the_host_is_told_again_what_it_lost_and_of_nothing_else(fn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(fn, "live", 2)
    told: list[tuple[str, dict[str, int]]] = []
    have: list[Any] = []
    monkeypatch.setattr(client, "pools", lambda: have)
    monkeypatch.setattr(
        client, "provision", lambda scope, name, parts: told.append((name, {spec.version: n for spec, n in parts}))
    )
    pools.restore()
    assert told == [("fn", {"1": 2})]
    spec, count = pools.wanted(Function.objects.get())[0]
    have.append(PoolState(spec.key, ARN + "function:fn", count, 0, 0, "", ""))
    pools.restore()
    assert len(told) == 1
    have.append(PoolState("gone", ARN + "function:deleted", 1, 1, 1, "", ""))
    pools.restore()
    assert told[1:] == [("deleted", {})]
