"""Event source mappings. Which members appear depends on the source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from invocations.decisions.kafka_options import CONFIGS, ENDPOINTS
from invocations.decisions.mapping_options import MSK, REPORT, SELF_MANAGED, Options
from invocations.flows import mappings
from invocations.models import Mapping as Row
from invocations.wire.call import Answer, Call

_REASONS = {Row.Source.SQS.value: "USER_INITIATED", Row.Source.KAFKA.value: "USER_INITIATED"}


def create_mapping(call: Call) -> Answer:
    params = call.params
    draft = mappings.Draft(
        function=params["FunctionName"],
        source_arn=params.get("EventSourceArn"),
        options=_options(params),
        tags=params.get("Tags"),
        others=params,
    )
    return Answer(shape(mappings.create(call.caller.scope, draft)))


def get_mapping(call: Call) -> Answer:
    return Answer(shape(mappings.get(call.caller.scope, call.params["UUID"])))


def update_mapping(call: Call) -> Answer:
    params = call.params
    row = mappings.update(call.caller.scope, params["UUID"], _options(params), params.get("FunctionName"), params)
    return Answer(shape(row))


def delete_mapping(call: Call) -> Answer:
    return Answer(shape(mappings.delete(call.caller.scope, call.params["UUID"])))


def list_mappings(call: Call) -> Answer:
    params = call.params
    page = mappings.list_mappings(
        call.caller.scope,
        params.get("EventSourceArn"),
        params.get("FunctionName"),
        params.get("Marker"),
        params.get("MaxItems"),
    )
    return Answer({"EventSourceMappings": [shape(row) for row in page.items], "NextMarker": page.next_marker})


def shape(row: Row) -> dict[str, Any]:
    """EventSourceMappingConfiguration, with the members that this source's mappings have."""
    found: dict[str, Any] = {
        "UUID": row.uuid,
        "BatchSize": row.batch_size,
        "EventSourceMappingArn": row.arn,
        "FunctionArn": row.function_arn,
        "LastModified": row.last_modified,
        "State": row.state,
        "StateTransitionReason": _REASONS.get(row.source, "User action"),
    }
    if row.window_seconds is not None:
        found["MaximumBatchingWindowInSeconds"] = row.window_seconds
    if row.source_arn:
        found["EventSourceArn"] = row.source_arn
    if row.report_failures or not row.is_topic:
        found["FunctionResponseTypes"] = [REPORT] if row.report_failures else []
    if row.filters:
        found["FilterCriteria"] = {"Filters": [{"Pattern": pattern} for pattern in row.filters]}
    if row.is_queue:
        return {**found, **_of_queue(row)}
    return {**found, **(_of_topic(row) if row.is_topic else _of_stream(row))}


def _of_queue(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if row.max_concurrency is not None:
        found["ScalingConfig"] = {"MaximumConcurrency": row.max_concurrency}
    if row.last_result.startswith("PROBLEM"):  # as long as all is well a queue's mapping has no such member
        found["LastProcessingResult"] = row.last_result
    return found


def _of_stream(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StartingPosition": row.starting_position,
        "ParallelizationFactor": row.parallelization_factor,
        "LastProcessingResult": row.last_result,
        "DestinationConfig": {"OnFailure": {"Destination": row.on_failure} if row.on_failure else {}},
        "MaximumRecordAgeInSeconds": row.max_record_age_seconds,
        "BisectBatchOnFunctionError": row.bisect,
        "MaximumRetryAttempts": row.max_retries,
        "TumblingWindowInSeconds": row.tumbling_window_seconds,
    }
    if row.starting_timestamp is not None:
        found["StartingPositionTimestamp"] = row.starting_timestamp
    return found


def _of_topic(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StartingPosition": row.starting_position,
        "LastProcessingResult": row.last_result,
        "Topics": [row.topic],
        CONFIGS[MSK if row.source_arn else SELF_MANAGED]: {"ConsumerGroupId": row.consumer_group},
    }
    if row.servers:
        found["SelfManagedEventSource"] = {"Endpoints": {ENDPOINTS: row.servers.split(",")}}
    if row.access:
        found["SourceAccessConfigurations"] = [{"Type": name, "URI": uri} for name, uri in row.access]
    if row.starting_timestamp is not None:
        found["StartingPositionTimestamp"] = row.starting_timestamp
    if row.on_failure:
        found["DestinationConfig"] = {"OnFailure": {"Destination": row.on_failure}}
    if row.pollers_max is not None:
        found["ProvisionedPollerConfig"] = {"MinimumPollers": row.pollers_min, "MaximumPollers": row.pollers_max}
        found["MaximumRecordAgeInSeconds"] = row.max_record_age_seconds
        found["MaximumRetryAttempts"] = row.max_retries
        found["BisectBatchOnFunctionError"] = row.bisect
    return found


def _options(params: Mapping[str, Any]) -> Options:
    destinations = params.get("DestinationConfig")
    on_failure = on_success = None
    if destinations is not None:
        on_failure = (destinations.get("OnFailure") or {}).get("Destination") or ""
        on_success = (destinations.get("OnSuccess") or {}).get("Destination")
    return Options(
        enabled=params.get("Enabled"),
        batch_size=params.get("BatchSize"),
        window_seconds=params.get("MaximumBatchingWindowInSeconds"),
        max_concurrency=_concurrency(params),
        report_failures=None if (types := params.get("FunctionResponseTypes")) is None else REPORT in types,
        filters=_filters(params),
        starting_position=params.get("StartingPosition"),
        starting_timestamp=params.get("StartingPositionTimestamp"),
        parallelization_factor=params.get("ParallelizationFactor"),
        max_retries=params.get("MaximumRetryAttempts"),
        max_record_age_seconds=params.get("MaximumRecordAgeInSeconds"),
        bisect=params.get("BisectBatchOnFunctionError"),
        tumbling_window_seconds=params.get("TumblingWindowInSeconds"),
        on_failure=on_failure,
        on_success=on_success,
    )


def _concurrency(params: Mapping[str, Any]) -> int | None:
    """None: not given; 0: an empty ScalingConfig, which removes the limit."""
    scaling = params.get("ScalingConfig")
    return None if scaling is None else scaling.get("MaximumConcurrency") or 0


def _filters(params: Mapping[str, Any]) -> tuple[str, ...] | None:
    """None: not given; (): an empty FilterCriteria, which removes the filters."""
    criteria = params.get("FilterCriteria")
    return None if criteria is None else tuple(one.get("Pattern") or "" for one in criteria.get("Filters") or ())


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateEventSourceMapping": create_mapping,
    "GetEventSourceMapping": get_mapping,
    "UpdateEventSourceMapping": update_mapping,
    "DeleteEventSourceMapping": delete_mapping,
    "ListEventSourceMappings": list_mappings,
}
