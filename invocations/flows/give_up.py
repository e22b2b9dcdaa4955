"""Telling a mapping's on-failure destination of records that were given up: parcels, in the caller's transaction.

A topic gets one for each record; those of a partition are sent one after the other, in order.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from invocations import clock, outlet
from invocations.arns import parse_arn
from invocations.decisions import on_failure
from invocations.decisions.batch import event_of
from invocations.decisions.kafka_options import TOPIC_SCHEME
from invocations.decisions.on_failure import Called, GivenUp
from invocations.flows.parcels import LANE
from invocations.flows.steps import Turn
from invocations.models import Batch, Mapping
from invocations.sources import stream
from invocations.sources.base import Read, StreamSource
from invocations.values import Parcel

__all__ = ["Called", "post"]

KIND = "mapping"


def post(turn: Turn, row: Batch, records: Sequence[Read], condition: str, calls: int, called: Called | None) -> None:
    """Post what the destination is to be told; nothing when the mapping has none."""
    mapping, shard = turn.mapping, turn.poller.shard
    if not mapping.on_failure:
        return
    source = stream(mapping.source, mapping.source_arn)
    given_up = GivenUp(
        request_id=row.request_id,
        function_arn=mapping.function_arn,
        condition=condition,
        calls=calls,
        called=called,
        info=source.batch_info(mapping.place, shard, records),
        at=clock.now(),
    )
    bare = Parcel(
        key=f"{mapping.uuid}:{row.pk}:{row.request_id}",
        kind=KIND,
        source_arn=mapping.arn,
        target=mapping.on_failure,
        body=b"",
        scope=mapping.scope,
        caused_by=row.request_id if called is not None else "",
    )
    if mapping.on_failure.startswith(TOPIC_SCHEME):
        outlet.post(_of_record(bare, given_up, mapping, shard, source, read) for read in records)
    else:
        outlet.post([_of_batch(bare, given_up, mapping, shard, source, records)])


def _of_batch(
    bare: Parcel, given_up: GivenUp, mapping: Mapping, shard: str, source: StreamSource, records: Sequence[Read]
) -> Parcel:
    """Where the records lie; for a bucket the records too."""
    options = {}
    payload = None
    target = parse_arn(mapping.on_failure)
    if target is not None and target.service == "s3":
        payload = event_of([read.text for read in records], envelope=source.envelope(mapping.place, shard))
        place = f"{mapping.topic}-{shard}" if mapping.is_topic else shard
        options["key"] = on_failure.object_key(mapping.uuid, place, given_up.at, str(uuid.uuid4()))
    return replace(bare, body=on_failure.record(given_up, payload), options=options)


def _of_record(
    bare: Parcel, given_up: GivenUp, mapping: Mapping, shard: str, source: StreamSource, read: Read
) -> Parcel:
    """One record with its data, and the key that it had."""
    told = replace(given_up, info=source.record_info(mapping.place, shard, read))
    payload = event_of([read.text], envelope=source.envelope(mapping.place, shard))
    options = {LANE: f"{mapping.topic}-{shard}"}
    key = read.view().get("key")
    if key is not None:
        options["record_key"] = str(key)
    return replace(bare, key=f"{bare.key}:{read.id}", body=on_failure.record(told, payload), options=options)
