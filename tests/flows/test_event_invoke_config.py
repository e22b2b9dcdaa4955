"""Retries, age and destinations per qualifier: ranges, merging, AWS's refusals."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from invocations.errors import (
    InvalidParameterValue,
    ResourceNotFound,
    UnsupportedOption,
    ValidationException,
)
from invocations.flows import aliases, event_invoke_config, functions, recursion, versions
from invocations.flows.event_invoke_config import Settings
from invocations.models import EventInvokeConfig, Function
from tests.flows.conftest import ARN, SCOPE, Make, refused

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
BUCKET = "arn:aws:s3:::records"


def put(qualifier: str | None = None, **settings: Any) -> EventInvokeConfig:
    return event_invoke_config.put(SCOPE, "fn", qualifier, Settings(**settings))


def update(qualifier: str | None = None, **settings: Any) -> EventInvokeConfig:
    return event_invoke_config.update(SCOPE, "fn", qualifier, Settings(**settings))


def values(row: EventInvokeConfig) -> tuple[str, int | None, int | None, str, str]:
    return row.qualifier, row.maximum_retry_attempts, row.maximum_event_age_seconds, row.on_success, row.on_failure


def test_zero_is_zero_and_not_given_is_none(make: Make) -> None:
    make()
    assert values(put(maximum_retry_attempts=0)) == ("$LATEST", 0, None, "", "")
    assert values(event_invoke_config.get(SCOPE, "fn:$LATEST", None)) == ("$LATEST", 0, None, "", "")


def test_put_replaces_and_update_merges(make: Make) -> None:
    make()
    put(maximum_retry_attempts=1, maximum_event_age_seconds=60, on_success=QUEUE, on_failure=QUEUE)
    assert values(update(maximum_retry_attempts=0)) == ("$LATEST", 0, 60, QUEUE, QUEUE)
    assert values(update(on_failure="")) == ("$LATEST", 0, 60, QUEUE, "")
    assert values(put(maximum_event_age_seconds=21600)) == ("$LATEST", None, 21600, "", "")
    assert EventInvokeConfig.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"maximum_retry_attempts": 3},
            "1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: "
            "Member must have value less than or equal to 2",
        ),
        (
            {"maximum_event_age_seconds": 59},
            "1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 60",
        ),
        (
            {"maximum_event_age_seconds": 21601, "maximum_retry_attempts": -1},
            "2 validation errors detected: Value '-1' at 'maximumRetryAttempts' failed to satisfy constraint: "
            "Member must have value greater than or equal to 0; Value '21601' at 'maximumEventAgeInSeconds' "
            "failed to satisfy constraint: Member must have value less than or equal to 21600",
        ),
    ],
)
def test_ranges_are_awss(make: Make, given: dict[str, Any], text: str) -> None:
    make()
    assert refused(ValidationException, lambda: put(**given)) == text
    assert EventInvokeConfig.objects.count() == 0


def test_nothing_given_is_refused(make: Make) -> None:
    make()
    text = "You must specify at least one of error handling or destination setting."
    assert refused(InvalidParameterValue, put) == text
    assert refused(InvalidParameterValue, update) == text


def test_what_does_not_exist_is_said_in_awss_words(make: Make) -> None:
    missing = f"The function {ARN}fn:$LATEST doesn't have an EventInvokeConfig"
    assert refused(ResourceNotFound, lambda: put(maximum_retry_attempts=0)) == "The function doesn't exist."
    assert refused(ResourceNotFound, lambda: event_invoke_config.get(SCOPE, "fn", None)) == missing
    assert refused(ResourceNotFound, lambda: event_invoke_config.list_configs(SCOPE, "fn")) == (
        "The function doesn't exist."
    )
    make()
    for qualifier in ("1", "live"):
        found = refused(ResourceNotFound, partial(put, qualifier, maximum_retry_attempts=0))
        assert found == "The function doesn't exist."
    assert refused(ResourceNotFound, lambda: update(maximum_retry_attempts=0)) == missing
    assert refused(ResourceNotFound, lambda: event_invoke_config.get(SCOPE, "fn", None)) == missing
    assert refused(ResourceNotFound, lambda: event_invoke_config.delete(SCOPE, "fn", None)) == missing


INVALID = {
    "a service that is no destination": "arn:aws:dynamodb:us-east-1:000000000000:table/t",
    "a FIFO queue": f"{QUEUE}.fifo",
    "a FIFO topic": "arn:aws:sns:us-east-1:000000000000:t.fifo",
}


@pytest.mark.parametrize("case", INVALID)
def test_what_cannot_be_a_destination_is_refused_whole(make: Make, case: str) -> None:
    make()
    arn = INVALID[case]
    assert refused(InvalidParameterValue, lambda: put(on_success=arn, maximum_retry_attempts=0)) == (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={arn}), onFailure=null) "
        "is invalid."
    )
    put(on_success=QUEUE)
    assert refused(InvalidParameterValue, lambda: update(on_failure=arn)) == (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={QUEUE}), "
        f"onFailure=OnFailure(destination={arn})) is invalid."
    )
    assert values(EventInvokeConfig.objects.get()) == ("$LATEST", None, None, QUEUE, "")


def test_a_bucket_is_for_failures_only(make: Make) -> None:
    make()
    put(on_failure=BUCKET)
    assert "onSuccess=OnSuccess(destination=arn:aws:s3:::records)" in refused(
        InvalidParameterValue, lambda: put(on_success=BUCKET)
    )


def test_a_bucket_without_a_companion_is_refused_by_name(make: Make, settings: Any) -> None:
    make()
    settings.LAMBDAPLAY_COMPANION = "none"
    assert "LAMBDAPLAY_COMPANION" in refused(UnsupportedOption, lambda: put(on_failure=BUCKET))


def test_a_kafka_topic_is_for_mappings_of_kafka_alone(make: Make) -> None:
    make()
    told = refused(InvalidParameterValue, lambda: put(on_failure="kafka://topic"))
    assert "onFailure=OnFailure(destination=kafka://topic)" in told


def test_a_function_as_destination_must_exist_and_be_another(make: Make) -> None:
    make()
    other = f"{ARN}other"
    assert refused(InvalidParameterValue, lambda: put(on_success=other)) == f"The destination ARN {other} is invalid."
    make("other")
    assert put(on_success=other).on_success == other
    for itself in (f"{ARN}fn", f"{ARN}fn:$LATEST"):
        found = refused(InvalidParameterValue, partial(put, on_failure=itself))
        assert found == "You can't specify the function as a destination for itself."


def test_each_qualifier_has_its_own_and_loses_it_with_itself(make: Make) -> None:
    make(publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    for retries, qualifier in enumerate((None, "1", "live")):
        put(qualifier, maximum_retry_attempts=retries)
    page = event_invoke_config.list_configs(SCOPE, "fn")
    assert [row.qualifier for row in page.items] == ["$LATEST", "1", "live"]
    aliases.delete_alias(SCOPE, "fn", "live")
    functions.delete_function(SCOPE, "fn", "1")
    assert [values(row)[:2] for row in EventInvokeConfig.objects.all()] == [("$LATEST", 0)]
    functions.delete_function(SCOPE, "fn")
    assert EventInvokeConfig.objects.count() == 0


def test_publishing_copies_none(make: Make) -> None:
    make()
    put(maximum_retry_attempts=0)
    versions.publish_version(SCOPE, "fn")
    with pytest.raises(ResourceNotFound):
        event_invoke_config.get(SCOPE, "fn", "1")


def test_lists_come_in_pages(make: Make) -> None:
    make(publish=True)
    for qualifier in (None, "1"):
        put(qualifier, maximum_retry_attempts=1)
    first = event_invoke_config.list_configs(SCOPE, "fn", None, 1)
    second = event_invoke_config.list_configs(SCOPE, "fn", first.next_marker, 1)
    assert [row.qualifier for row in (*first.items, *second.items)] == ["$LATEST", "1"]
    assert second.next_marker is None


def test_recursion_ends_unless_it_is_allowed(make: Make) -> None:
    make()
    assert recursion.get_recursion(SCOPE, "fn") == "Terminate"
    before = Function.objects.get().catalog_revision
    assert recursion.put_recursion(SCOPE, "fn", "Allow") == "Allow"
    assert recursion.get_recursion(SCOPE, "fn") == "Allow"
    assert Function.objects.get().catalog_revision > before
    refused(ValidationException, lambda: recursion.put_recursion(SCOPE, "fn", "Perhaps"))
    for action in (lambda: recursion.get_recursion(SCOPE, "no"), lambda: recursion.put_recursion(SCOPE, "no", "Allow")):
        assert refused(ResourceNotFound, action) == f"Function not found: {ARN}no"
