"""Event source mappings: made, found, listed, changed, deleted. Every door comes through here.

A change shows as a transitional state for a short while, as on AWS; while it lasts no other change is taken. Batches
that are under way end as they began. The texts are AWS's recorded ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from invocations import clock
from invocations.decisions import kafka_options
from invocations.decisions import mapping_options as rules
from invocations.decisions.kafka_options import Cluster
from invocations.decisions.mapping_options import Options
from invocations.errors import (
    InvalidParameterValue,
    ResourceConflict,
    ResourceInUse,
    ResourceNotFound,
)
from invocations.flows import mapping_sources, settle_mappings, shards
from invocations.flows.destination_rules import check_mapping_destination
from invocations.flows.function_values import check_tags
from invocations.flows.pages import Page, cut, read_marker
from invocations.flows.targets import Target, find, read_name
from invocations.models import Mapping as Row
from invocations.models import Poller, mapping_states
from invocations.sources import SourceTrouble
from invocations.values import Scope
from lambdaplay.db.pool import pooled

PAGE_ITEMS = 100
NO_RECORDS = "No records processed"
_MISSING = "The resource you requested does not exist."

# Column names are the options' names; these are set apart.
_NOT_COLUMNS = {"enabled", "on_success", "filters"}


@dataclass(frozen=True)
class Draft:
    """What CreateEventSourceMapping is asked for."""

    function: str  # name, partial ARN or ARN, perhaps with a qualifier
    source_arn: str | None
    options: Options = field(default_factory=Options)
    tags: Mapping[str, str] | None = None
    others: Mapping[str, Any] = field(default_factory=dict)  # the request's members, for those that are refused


@pooled()
def create(scope: Scope, draft: Draft) -> Row:
    """Make a mapping. Raises the AWS errors of what does not fit, with nothing written."""
    arn = draft.source_arn or ""
    kind = rules.SELF_MANAGED if not arn and kafka_options.names_brokers(draft.others) else mapping_sources.kind_of(arn)
    rules.refuse_members(kind, draft.others)
    cluster = kafka_options.read(kind, draft.others) if kind in rules.KAFKA else Cluster()
    options = rules.merged(kind, rules.defaults(kind), draft.options)
    rules.check_start(kind, arn, draft.options, clock.now())
    check_tags(draft.tags or {})
    target = _function(scope, draft.function)
    check_mapping_destination(kind, options.on_failure or "")
    now, identifier = clock.now(), str(uuid.uuid4())
    row = Row(
        uuid=identifier,
        account=scope.account,
        region=scope.region,
        function=target.function.name,
        qualifier=target.qualifier or "",
        source=mapping_sources.family_of(kind),
        source_arn=arn,
        state=Row.State.CREATING if options.enabled else Row.State.DISABLED,
        state_since=clock.real(),
        tags=dict(draft.tags or {}),
        last_result=NO_RECORDS if rules.is_stream(kind) else "",
        created_at=now,
        last_modified=now,
        **_columns(options),
    )
    if kind in rules.KAFKA:
        _place(row, cluster, options)
    mapping_sources.check(kind, row.place, target)
    pollers = _pollers(row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            Poller.objects.bulk_create(pollers)
    except IntegrityError:
        raise _conflict(row) from None
    return row


@pooled()
def get(scope: Scope, identifier: str) -> Row:
    """Raises ResourceNotFound."""
    settle_mappings.settle_due()
    return _find(scope, identifier)


@pooled()
def update(
    scope: Scope,
    identifier: str,
    options: Options,
    function: str | None = None,
    others: Mapping[str, Any] | None = None,
) -> Row:
    """Change what is given and leave the rest; lists are replaced as a whole. `others`: the request's members."""
    settle_mappings.settle_due()
    row = _find(scope, identifier)
    _refuse_while_changing(row, "update")
    kind = mapping_sources.kind_of_row(row)
    rules.refuse_members(kind, others or {})
    found = rules.merged(kind, stored_options(row), options)
    moved = _moved(row, kind, found, others or {})
    target = _function(scope, function or _reference(row))
    mapping_sources.check(kind, row.place, target)
    if options.on_failure is not None:
        check_mapping_destination(kind, options.on_failure)
    columns = {**_columns(found), **moved, "function": target.function.name, "qualifier": target.qualifier or ""}
    _change(row, _state_of(row, bool(found.enabled)), last_modified=clock.now(), **columns)
    return _find(scope, identifier)


@pooled()
def delete(scope: Scope, identifier: str) -> Row:
    """Begin to delete: batches under way end first. Returns the row as it is from now on."""
    settle_mappings.settle_due()
    row = _find(scope, identifier)
    _refuse_while_changing(row, "delete")
    _change(row, Row.State.DELETING, verb="delete", enabled=False)
    return _find(scope, identifier)


@pooled()
def list_mappings(
    scope: Scope,
    source_arn: str | None = None,
    function: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[Row]:
    """A page of mappings, oldest first, at most a hundred."""
    settle_mappings.settle_due()
    rows = _rows(scope)
    if source_arn:
        rows = rows.filter(source_arn=source_arn)
    if function:
        name = read_name(scope, function, action="ListEventSourceMappings")
        rows = rows.filter(function=name.name)
        if name.qualifier is not None:
            rows = rows.filter(qualifier=name.qualifier)
    if marker:
        rows = rows.filter(id__gt=read_marker(marker)[1])
    size = PAGE_ITEMS if max_items is None else min(max_items, PAGE_ITEMS)
    return cut(list(rows.order_by("id")[: size + 1]), size, lambda row: ("", row.pk))


def _pollers(row: Row) -> list[Poller]:
    """Of a stream; others are found when the mapping has been enabled."""
    if row.is_queue or row.is_topic:
        return []
    try:
        return shards.planned(row)
    except SourceTrouble as trouble:
        raise InvalidParameterValue(str(trouble)) from trouble


def stored_options(row: Row) -> Options:
    """A mapping's options as they are."""
    names = [name for name in vars(Options()) if name not in _NOT_COLUMNS]
    found: dict[str, Any] = {name: getattr(row, name) for name in names}
    found["max_concurrency"] = row.max_concurrency or 0
    return Options(**found, enabled=row.enabled, filters=tuple(row.filters))


def _place(row: Row, cluster: Cluster, options: Options) -> None:
    """Where a mapping of Kafka is to read."""
    row.topic, row.servers = cluster.topic, ",".join(cluster.servers)
    row.consumer_group = cluster.group or row.uuid
    row.window_seconds = options.window_seconds
    for name, value in _cluster_columns(row, cluster, options).items():
        setattr(row, name, value)
    _check_group(row)


def _moved(row: Row, kind: str, options: Options, others: Mapping[str, Any]) -> dict[str, Any]:
    """What an update says of the ways into Kafka, and of its pollers."""
    if kind not in rules.KAFKA:
        return {}
    return _cluster_columns(row, kafka_options.read_change(kind, row.consumer_group, others), options)


def _cluster_columns(row: Row, cluster: Cluster, options: Options) -> dict[str, Any]:
    pollers = cluster.pollers
    if pollers is None and row.pollers_max is not None:
        pollers = {"MinimumPollers": row.pollers_min or 1, "MaximumPollers": row.pollers_max}
    kafka_options.check_options(options, pollers or {}, row.topic)
    found: dict[str, Any] = {
        "pollers_min": (pollers or {}).get("MinimumPollers"),
        "pollers_max": (pollers or {}).get("MaximumPollers"),
    }
    if cluster.access is not None:
        found["access"] = [list(one) for one in cluster.access]
    return found


def _check_group(row: Row) -> None:
    """AWS wants a group for each mapping: two would move each other's offsets."""
    other = _rows(row.scope).filter(consumer_group=row.consumer_group).values_list("uuid", flat=True).first()
    if other is not None:
        raise ResourceConflict(
            f"The consumer group ID {row.consumer_group} belongs to the event source mapping with UUID {other}; "
            "use another one, or none."
        )


def _columns(options: Options) -> dict[str, Any]:
    """The columns of options, of which those that the source does not take keep the table's defaults."""
    found = {
        name: value for name, value in vars(options).items() if name not in _NOT_COLUMNS and value not in (None, "")
    }
    found["on_failure"] = options.on_failure or ""
    found["max_concurrency"] = options.max_concurrency or None
    return {**found, "enabled": bool(options.enabled), "filters": list(options.filters or ())}


def _function(scope: Scope, reference: str) -> Target:
    try:
        return find(scope, reference)
    except ResourceNotFound:
        raise InvalidParameterValue("Function does not exist") from None


def _reference(row: Row) -> str:
    return f"{row.function}:{row.qualifier}" if row.qualifier else row.function


def _state_of(row: Row, enabled: bool) -> Row.State:
    """The transitional state that a change is shown as."""
    if enabled == row.enabled:
        return Row.State.UPDATING
    return Row.State.ENABLING if enabled else Row.State.DISABLING


def _refuse_while_changing(row: Row, verb: str) -> None:
    if row.state not in mapping_states.STABLE:
        raise ResourceInUse(f"Cannot {verb} the event source mapping because it is in use.")


def _change(row: Row, state: Row.State, verb: str = "update", **columns: Any) -> None:
    try:
        with transaction.atomic():
            changed = mapping_states.change(row.pk, row.state, state, clock.real(), **columns)
    except IntegrityError:
        for name in ("function", "qualifier"):
            setattr(row, name, columns[name])
        raise _conflict(row) from None
    if not changed:
        raise ResourceInUse(f"Cannot {verb} the event source mapping because it is in use.")


def _conflict(row: Row) -> ResourceConflict:
    other = _rows(row.scope).filter(
        source_arn=row.source_arn, servers=row.servers, topic=row.topic, function=row.function, qualifier=row.qualifier
    )
    other = other.exclude(pk=row.pk) if row.pk else other
    existing = other.values_list("uuid", flat=True).first()
    end = f"already exists. Please update or delete the existing mapping with UUID {existing}"
    if row.is_queue:
        return ResourceConflict(
            f'An event source mapping with SQS arn (" {row.source_arn} ") and function (" {row.function} ") {end}'
        )
    if row.is_topic:
        return ResourceConflict(
            f'An event source mapping with event source ("{row.source_arn or row.servers}"), '
            f'function ("{row.function_arn}"), topics ("{row.topic}") {end}'
        )
    return ResourceConflict(
        f'The event source arn (" {row.source_arn} ") and function (" {row.function} ") provided mapping {end}'
    )


def _rows(scope: Scope) -> QuerySet[Row]:
    return Row.objects.filter(account=scope.account, region=scope.region)


def _find(scope: Scope, identifier: str) -> Row:
    row = _rows(scope).filter(uuid=identifier).first()
    if row is None:
        raise ResourceNotFound(_MISSING)
    return row
