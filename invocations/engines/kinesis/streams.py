"""Streams themselves: made, found, listed, changed. Deleting is `removal`'s, dividing anew `resharding`'s."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.engines.kinesis import hashing, limits, tagging
from invocations.engines.kinesis.errors import (
    InvalidArgument,
    LimitExceeded,
    ShardLimit,
    StreamExists,
    StreamNotActive,
    StreamNotFound,
    Validation,
)
from invocations.engines.kinesis.moments import to_ms
from invocations.models import Shard, Stream
from invocations.values import Scope

Mode, Status = Stream.Mode, Stream.Status

_ARN = re.compile(r"arn:aws[a-z-]*:kinesis:([a-z0-9-]{1,32}):(\d{12}):stream/([a-zA-Z0-9_.-]{1,128})")
_ID_LETTERS = string.ascii_lowercase + string.digits


def create(
    scope: Scope,
    name: str,
    shards: int | None = None,
    mode: str = Mode.PROVISIONED,
    tags: Mapping[str, str] | None = None,
    max_record_kib: int = 1024,
) -> Stream:
    """Make a stream; it is ACTIVE a moment later. Raises InvalidArgument, Validation, LimitExceeded, StreamExists."""
    count = _shard_count(shards, mode)
    if Stream.objects.within(scope).filter(name=name).exists():
        raise StreamExists(name, scope.account)
    _check_room(scope, mode, count)
    now = clock.now()
    stream = Stream(
        account=scope.account,
        region=scope.region,
        name=name,
        stream_id=_new_id(),
        mode=mode,
        max_record_kib=max_record_kib,
        tags=tagging.added({}, tags or {}, name, scope.account),
        next_shard=count,
        status_since=clock.real(),
        created_at=now,
    )
    try:
        with transaction.atomic():
            stream.save(force_insert=True)
            Shard.objects.bulk_create(_first_shards(stream, count, to_ms(now)))
    except IntegrityError:  # another caller made it between the look and the insert
        raise StreamExists(name, scope.account) from None
    return stream


def _shard_count(shards: int | None, mode: str) -> int:
    if mode == Mode.ON_DEMAND:
        if shards is not None:
            raise Validation("ShardCount must not be specified for a stream in ON_DEMAND mode.")
        return limits.ON_DEMAND_SHARDS
    if shards is None:
        raise Validation("ShardCount must be specified for a stream in PROVISIONED mode.")
    return shards


def _check_room(scope: Scope, mode: str, count: int) -> None:
    if mode == Mode.ON_DEMAND:
        _check_on_demand_limit(scope)
    else:
        check_shard_limit(scope, count)


def _check_on_demand_limit(scope: Scope) -> None:
    if on_demand_streams(scope) >= limits.ON_DEMAND_STREAMS:
        raise LimitExceeded(
            f"This request would exceed the on-demand stream limit for the account {scope.account} in "
            f"{scope.region}. Limit: {limits.ON_DEMAND_STREAMS}."
        )


def check_shard_limit(scope: Scope, more: int) -> None:
    """Raises ShardLimit when the account would have too many open shards."""
    current = open_shards(scope)
    if current + more > limits.SHARDS:
        raise ShardLimit(scope.account, scope.region, current, limits.SHARDS, more)


def open_shards(scope: Scope) -> int:
    """Open shards of the account's provisioned streams."""
    streams = Stream.objects.within(scope).filter(mode=Mode.PROVISIONED)
    return Shard.objects.filter(stream__in=streams, closed_ms=None).count()


def on_demand_streams(scope: Scope) -> int:
    return Stream.objects.within(scope).filter(mode=Mode.ON_DEMAND).count()


def _new_id() -> str:
    letters = [secrets.choice(_ID_LETTERS) for _ in range(23)]
    return f"{''.join(letters[:20])}-{''.join(letters[20:])}"


def _first_shards(stream: Stream, count: int, now: int) -> list[Shard]:
    """Open from the very millisecond of the stream's creation on: filters ask who was open then."""
    return [
        Shard(
            stream=stream,
            number=number,
            first_hash=str(part.first),
            last_hash=str(part.last),
            epoch=now // 1000,
            opened_ms=now,
        )
        for number, part in enumerate(hashing.even(count))
    ]


def find(scope: Scope, name: str) -> Stream:
    """Raises StreamNotFound."""
    stream = Stream.objects.within(scope).filter(name=name).first()
    if stream is None:
        raise StreamNotFound(name, scope.account)
    return stream


def find_arn(arn: str) -> Stream:
    """The stream of an ARN. Raises StreamNotFound, also for what is no stream's ARN."""
    return find(*place_of_arn(arn))


def place_of_arn(arn: str) -> tuple[Scope, str]:
    """Where the stream of an ARN is, and its name. Raises StreamNotFound for what is no stream's ARN."""
    parts = _ARN.fullmatch(arn)
    if parts is None:
        raise StreamNotFound(arn, "")
    return Scope(parts[2], parts[1]), parts[3]


def find_id(scope: Scope, stream_id: str) -> Stream:
    """The stream of a StreamId. Raises StreamNotFound."""
    stream = Stream.objects.within(scope).filter(stream_id=stream_id).first()
    if stream is None:
        raise StreamNotFound(stream_id, scope.account)
    return stream


def listed(scope: Scope, after: str = "", most: int = limits.LIST_STREAMS) -> list[Stream]:
    """Streams by name, those behind `after`; one more than `most` when there are more."""
    return list(Stream.objects.within(scope).filter(name__gt=after).order_by("name")[: most + 1])


def check_active(stream: Stream) -> None:
    """Raises StreamNotActive while something else is being done to it."""
    status = stream.status_at(clock.real())
    if status != Status.ACTIVE:
        raise StreamNotActive(stream.name, stream.account, status)


def change(stream: Stream, **fields: Any) -> None:
    """Set fields of an ACTIVE stream, which is UPDATING for a moment. Raises StreamNotActive."""
    check_active(stream)
    if not stream.begin_update(clock.real(), **fields):
        raise StreamNotActive(stream.name, stream.account, Status.UPDATING)


def change_mode(stream: Stream, mode: str) -> None:
    """PROVISIONED or ON_DEMAND; the shards stay as they are. Raises LimitExceeded, StreamNotActive."""
    if mode == Mode.ON_DEMAND != stream.mode:
        _check_on_demand_limit(stream.scope)
    change(stream, mode=mode)


def keep_longer(stream: Stream, hours: int) -> None:
    _check_hours(hours)
    if hours < stream.retention_hours:
        raise InvalidArgument(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be shorter than existing "
            f"retention period ({stream.retention_hours} hours). Use DecreaseRetentionPeriod API."
        )
    change(stream, retention_hours=hours)


def keep_shorter(stream: Stream, hours: int) -> None:
    _check_hours(hours)
    if hours > stream.retention_hours:
        raise InvalidArgument(
            f"Requested retention period ({hours} hours) for stream {stream.name} can not be longer than existing "
            f"retention period ({stream.retention_hours} hours). Use IncreaseRetentionPeriod API."
        )
    change(stream, retention_hours=hours)


def _check_hours(hours: int) -> None:
    least, most = limits.RETENTION_HOURS
    if hours < least:
        raise InvalidArgument(
            f"Minimum allowed retention period is {least} hours. "
            f"Requested retention period ({hours} hours) is too short."
        )
    if hours > most:
        raise InvalidArgument(
            f"Maximum allowed retention period is {most} hours. Requested retention period ({hours} hours) is too long."
        )


def tag(stream: Stream, tags: Mapping[str, str]) -> None:
    """Raises InvalidArgument."""
    _change_tags(stream, tags, ())


def untag(stream: Stream, keys: Collection[str]) -> None:
    _change_tags(stream, {}, keys)


def _change_tags(stream: Stream, tags: Mapping[str, str], gone: Collection[str]) -> None:
    with transaction.atomic():
        row = Stream.objects.select_for_update(no_key=True).filter(pk=stream.pk).first()
        if row is None:
            raise StreamNotFound(stream.name, stream.account)
        kept = tagging.added(row.tags, tags, stream.name, stream.account)
        row.tags = {key: value for key, value in kept.items() if key not in gone}
        row.save(update_fields=["tags"])
