"""What may be mapped how: every option of every source, AWS's texts, and the states of a change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations import limits
from invocations.decisions.mapping_options import Options
from invocations.engines.kinesis import streams
from invocations.errors import (
    InvalidParameterValue,
    Refusal,
    ResourceConflict,
    ResourceInUse,
    ResourceNotFound,
    UnsupportedOption,
    ValidationException,
)
from invocations.flows import mappings, tags
from invocations.models import FunctionVersion, Mapping, Poller
from invocations.wire.services.lambda_.mappings import shape
from tests.flows.conftest import ELSEWHERE, SCOPE, Make, refused
from tests.mappings.conftest import World, settle

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
FIFO = QUEUE + ".fifo"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/rides"
FOR_TYPE = "parameter for given event source mapping type."
HORIZON = {"starting_position": "TRIM_HORIZON"}


@pytest.fixture
def sources(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.queue()
    world.queue("orders.fifo", FifoQueue="true")
    world.queue("short", VisibilityTimeout="2")
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 0.0)
    streams.create(SCOPE, "rides", 2)
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 600.0)


def create(arn: str | None, function: str = "fn", others: dict[str, Any] | None = None, **options: Any) -> Mapping:
    return mappings.create(SCOPE, mappings.Draft(function, arn, Options(**options), others=others or {}))


@pytest.mark.parametrize(
    ("kind", "arn", "options", "text"),
    [
        (InvalidParameterValue, None, {}, "Unrecognized event source."),
        (InvalidParameterValue, "arn:aws:s3:::bucket", {}, "Unrecognized event source."),
        (InvalidParameterValue, "arn:aws:dynamodb:us-east-1:000000000000:table/t", {}, "Unrecognized event source."),
        (
            InvalidParameterValue,
            QUEUE + "-gone",
            {},
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist.",
        ),
        (InvalidParameterValue, STREAM + "-gone", HORIZON, f"Stream not found: {STREAM}-gone"),
        (
            InvalidParameterValue,
            STREAM,
            {},
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null.",
        ),
        (InvalidParameterValue, STREAM, {"starting_position": "AT_TIMESTAMP"}, "Need to specify a timestamp"),
        (
            InvalidParameterValue,
            STREAM,
            {"starting_position": "AT_TIMESTAMP", "starting_timestamp": datetime(2200, 1, 1, tzinfo=UTC)},
            "StartingPositionTimestamp must not lie in the future.",
        ),
        (
            InvalidParameterValue,
            QUEUE,
            {"batch_size": 11},
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
        ),
        (InvalidParameterValue, FIFO, {"window_seconds": 1}, "Batching window is not supported for FIFO queues"),
        (
            ValidationException,
            FIFO,
            {"batch_size": 11},
            "1 validation error detected: Value '11' at 'batchSize' failed to satisfy constraint: "
            "Member must have value less than or equal to 10",
        ),
        (InvalidParameterValue, QUEUE, {"on_failure": "kafka://dead"}, f"Unsupported DestinationConfig {FOR_TYPE}"),
        (InvalidParameterValue, QUEUE, {"on_failure": ""}, f"Unsupported DestinationConfig {FOR_TYPE}"),
        (
            InvalidParameterValue,
            STREAM,
            {**HORIZON, "on_success": QUEUE},
            f"Unsupported DestinationConfig {FOR_TYPE}",
        ),
        (
            InvalidParameterValue,
            STREAM,
            {**HORIZON, "on_failure": "kafka://dead"},
            "The provided destination config DestinationConfig(onSuccess=null, "
            "onFailure=OnFailure(destination=kafka://dead)) is invalid.",
        ),
        (InvalidParameterValue, QUEUE, HORIZON, f"Unsupported 'startingPosition' {FOR_TYPE}"),
        (InvalidParameterValue, QUEUE, {"max_retries": 0}, f"Unsupported 'maximumRetryAttempts' {FOR_TYPE}"),
        (InvalidParameterValue, QUEUE, {"bisect": True}, f"Unsupported 'bisectBatchOnFunctionError' {FOR_TYPE}"),
        (
            InvalidParameterValue,
            QUEUE,
            {"parallelization_factor": 1},
            f"Unsupported 'parallelizationFactor' {FOR_TYPE}",
        ),
        (InvalidParameterValue, STREAM, {**HORIZON, "max_concurrency": 2}, f"Unsupported 'scalingConfig' {FOR_TYPE}"),
        (InvalidParameterValue, QUEUE, {"filters": ("{",)}, "Invalid filter pattern definition."),
        (InvalidParameterValue, QUEUE, {"filters": ('{"body":[]}',)}, "Invalid filter pattern definition."),
        (
            InvalidParameterValue,
            STREAM,
            {**HORIZON, "filters": ('{"data":["x"]}',)},
            "Invalid filter pattern definition.",
        ),
        (
            InvalidParameterValue,
            QUEUE,
            {"filters": ('{"body":["x"]}',) * 6},
            "FilterCriteria holds 6 filters; an event source mapping takes at most 5.",
        ),
        (
            ValidationException,
            STREAM,
            {**HORIZON, "max_record_age_seconds": 30},
            "1 validation error detected: Value '30' at 'maximumRecordAgeInSeconds' failed to satisfy constraint: "
            "Member must have value greater than or equal to 60",
        ),
        (
            InvalidParameterValue,
            QUEUE.replace("orders", "short"),
            {},
            "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds",
        ),
        (
            UnsupportedOption,
            "arn:aws:mq:us-east-1:000000000000:broker:b:1",
            {},
            "lambdaplay does not support Amazon MQ as an event source yet "
            "(arn:aws:mq:us-east-1:000000000000:broker:b:1).",
        ),
        (
            UnsupportedOption,
            STREAM + "/consumer/c:1",
            HORIZON,
            f"lambdaplay does not offer enhanced fan-out; use the stream's ARN instead of {STREAM}/consumer/c:1.",
        ),
    ],
)
@pytest.mark.usefixtures("sources")
def test_what_is_refused(kind: type[Refusal], arn: str | None, options: dict[str, Any], text: str) -> None:
    assert refused(kind, lambda: create(arn, **options)) == text
    assert not Mapping.objects.exists()


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("kind", "arn", "others", "text"),
    [
        (UnsupportedOption, QUEUE, {"KMSKeyArn": "arn:aws:kms:x"}, "lambdaplay does not support KMSKeyArn: "),
        (UnsupportedOption, QUEUE, {"MetricsConfig": {"Metrics": ["EventCount"]}}, "lambdaplay does not support Metr"),
        (UnsupportedOption, QUEUE, {"ProvisionedPollerConfig": {"MinimumPollers": 2}}, "lambdaplay does not support P"),
        (InvalidParameterValue, QUEUE, {"Topics": ["t"]}, f"Unsupported 'topics' {FOR_TYPE}"),
        (
            InvalidParameterValue,
            None,
            {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["k:1"]}}},
            "Required 'sourceAccessConfigurations' parameter is missing.",
        ),
    ],
)
def test_members_that_nothing_here_acts_on(
    kind: type[Refusal], arn: str | None, others: dict[str, Any], text: str
) -> None:
    assert refused(kind, lambda: create(arn, others=others)).startswith(text)


@pytest.mark.usefixtures("sources")
def test_a_function_must_exist() -> None:
    assert refused(InvalidParameterValue, lambda: create(QUEUE, "nobody")) == "Function does not exist"


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("arn", "options", "text"),
    [
        (
            QUEUE,
            {},
            'An event source mapping with SQS arn (" {arn} ") and function (" fn ") already exists. '
            "Please update or delete the existing mapping with UUID {uuid}",
        ),
        (
            STREAM,
            HORIZON,
            'The event source arn (" {arn} ") and function (" fn ") provided mapping already exists. '
            "Please update or delete the existing mapping with UUID {uuid}",
        ),
    ],
)
def test_a_pair_is_mapped_once(arn: str, options: dict[str, Any], text: str, make: Make) -> None:
    first = create(arn, **options)
    assert refused(ResourceConflict, lambda: create(arn, **options)) == text.format(arn=arn, uuid=first.uuid)
    make("other")
    second = create(arn, "other", **options)
    settle()
    told = refused(ResourceConflict, lambda: mappings.update(SCOPE, second.uuid, Options(), "fn"))
    assert told == text.format(arn=arn, uuid=first.uuid)


@pytest.mark.usefixtures("sources")
def test_what_a_queue_s_mapping_looks_like() -> None:
    row = create(QUEUE)
    found = shape(row)
    assert found.pop("UUID") == row.uuid
    assert found.pop("LastModified")
    assert found == {
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": QUEUE,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:000000000000:event-source-mapping:{row.uuid}",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:fn",
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "FunctionResponseTypes": [],
    }


@pytest.mark.usefixtures("sources")
def test_what_a_stream_s_mapping_looks_like() -> None:
    row = create(STREAM, "fn:$LATEST", starting_position="LATEST")
    found = shape(row)
    for name in ("UUID", "LastModified", "EventSourceMappingArn"):
        found.pop(name)
    assert found == {
        "StartingPosition": "LATEST",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "EventSourceArn": STREAM,
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:fn:$LATEST",
        "LastProcessingResult": "No records processed",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
    }
    assert Poller.objects.filter(mapping=row).count() == 2


@pytest.mark.usefixtures("sources")
def test_every_change_has_its_state(world: World) -> None:
    row = create(QUEUE)
    states = [row.state]
    steps: list[Callable[[], Mapping]] = [
        lambda: mappings.update(SCOPE, row.uuid, Options(batch_size=5)),
        lambda: mappings.update(SCOPE, row.uuid, Options(enabled=False)),
        lambda: mappings.update(SCOPE, row.uuid, Options(batch_size=6)),
        lambda: mappings.update(SCOPE, row.uuid, Options(enabled=True)),
        lambda: mappings.delete(SCOPE, row.uuid),
    ]
    for step in steps:
        busy = "Cannot update the event source mapping because it is in use."
        assert refused(ResourceInUse, lambda: mappings.update(SCOPE, row.uuid, Options())) == busy
        settle()
        states += [mappings.get(SCOPE, row.uuid).state, step().state]
    assert states == [
        *("Creating", "Enabled", "Updating", "Enabled", "Disabling", "Disabled"),
        *("Updating", "Disabled", "Enabling", "Enabled", "Deleting"),
    ]
    gone = "Cannot delete the event source mapping because it is in use."
    assert refused(ResourceInUse, lambda: mappings.delete(SCOPE, row.uuid)) == gone
    settle()
    missing = "The resource you requested does not exist."
    assert refused(ResourceNotFound, lambda: mappings.get(SCOPE, row.uuid)) == missing
    assert not Poller.objects.exists()


@pytest.mark.usefixtures("sources")
def test_made_disabled_it_is_so_at_once() -> None:
    assert create(QUEUE, enabled=False).state == "Disabled"


@pytest.mark.usefixtures("sources")
def test_empty_containers_remove_what_was_set() -> None:
    row = create(QUEUE, filters=('{"body":["x"]}',), max_concurrency=7, report_failures=True)
    settle()
    mappings.get(SCOPE, row.uuid)
    row = mappings.update(SCOPE, row.uuid, Options(filters=(), max_concurrency=0, report_failures=False))
    assert (row.filters, row.max_concurrency, row.report_failures) == ([], None, False)


@pytest.mark.usefixtures("sources")
def test_the_visibility_timeout_is_judged_at_changes_only(world: World) -> None:
    row = create(QUEUE)
    FunctionVersion.objects.update(timeout_seconds=60)
    settle()
    assert mappings.get(SCOPE, row.uuid).state == "Enabled"
    told = refused(InvalidParameterValue, lambda: mappings.update(SCOPE, row.uuid, Options(batch_size=1)))
    assert told == "Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"


@pytest.mark.usefixtures("sources")
def test_lists_are_of_a_source_or_a_function_in_pages(make: Make) -> None:
    make("other")
    rows = [create(QUEUE), create(FIFO), create(QUEUE, "other")]
    assert [row.pk for row in mappings.list_mappings(SCOPE).items] == [row.pk for row in rows]
    assert [row.pk for row in mappings.list_mappings(SCOPE, QUEUE).items] == [rows[0].pk, rows[2].pk]
    assert [row.pk for row in mappings.list_mappings(SCOPE, function="other").items] == [rows[2].pk]
    assert mappings.list_mappings(SCOPE, function="nobody").items == ()
    assert mappings.list_mappings(ELSEWHERE).items == ()
    page = mappings.list_mappings(SCOPE, max_items=2)
    assert len(page.items) == 2
    assert [row.pk for row in mappings.list_mappings(SCOPE, marker=page.next_marker).items] == [rows[2].pk]


@pytest.mark.usefixtures("sources")
def test_tags() -> None:
    row = mappings.create(SCOPE, mappings.Draft("fn", QUEUE, tags={"a": "1"}))
    tags.tag(SCOPE, row.arn, {"b": "2"})
    assert tags.tags_of(SCOPE, row.arn) == {"a": "1", "b": "2"}
    tags.untag(SCOPE, row.arn, ["a", "unknown"])
    assert tags.tags_of(SCOPE, row.arn) == {"b": "2"}
    refused(InvalidParameterValue, lambda: tags.tag(SCOPE, row.arn, {f"k{n}": "" for n in range(50)}))
    assert len(tags.tags_of(SCOPE, row.arn)) == 1
    refused(ResourceNotFound, lambda: tags.tags_of(ELSEWHERE, row.arn))


@pytest.mark.usefixtures("sources")
def test_patterns_are_kept_as_they_were_written() -> None:
    pattern = json.dumps({"body": {"a": [{"numeric": [">", 1]}]}}, indent=1)
    assert shape(create(QUEUE, filters=(pattern,)))["FilterCriteria"] == {"Filters": [{"Pattern": pattern}]}
