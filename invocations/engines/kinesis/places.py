"""From what a reader says (an iterator type, a sequence number, a moment) to the place behind which it reads."""

from __future__ import annotations

from invocations.engines.kinesis import sequences
from invocations.engines.kinesis.errors import InvalidArgument
from invocations.engines.kinesis.sequences import Numbering
from invocations.models import Shard, StreamRecord
from invocations.models.stream import place_of, shard_name


def first_since(shard: Shard, moment_ms: int) -> int:
    """The place of the first record that arrived at this moment or later; behind the newest when there is none.

    Records lie without gaps and arrivals never go back, so a few looks by key find it and no index is needed.
    """
    if shard.last_arrival_ms < moment_ms:
        return shard.last_place + 1
    low, high = _oldest(shard), shard.last_place + 1
    while low < high:
        middle = (low + high) // 2
        found = StreamRecord.objects.filter(pk=shard.key(middle)).values_list("arrived_ms", flat=True).first()
        if found is None or found < moment_ms:  # none: it was removed while we look, being too old
            low = middle + 1
        else:
            high = middle
    return low


def _oldest(shard: Shard) -> int:
    kept = StreamRecord.objects.filter(pk__gt=shard.key(0), pk__lte=shard.key(sequences.HIGHEST_PLACE))
    first = kept.order_by("pk").values_list("pk", flat=True).first()
    return shard.last_place + 1 if first is None else place_of(first)


def of_sequence(shard: Numbering, text: str, stream: str, account: str) -> int:
    """The place that a sequence number names. Raises InvalidArgument in GetShardIterator's words."""
    parsed = sequences.parse(text)
    shard_id = shard_name(shard.shard)
    used = f"StartingSequenceNumber {text} used in GetShardIterator on shard {shard_id}"
    where = f"in stream {stream} under account {account}"
    if parsed is None:
        raise InvalidArgument(f"{used} {where} is invalid.")
    if parsed.numbering.shard != shard.shard:
        raise InvalidArgument(
            f"Invalid StartingSequenceNumber. It encodes {shard_name(parsed.numbering.shard)}, "
            f"while it was used in a call to a shard with {shard_id}"
        )
    if parsed.numbering.epoch != shard.epoch:
        raise InvalidArgument(f"{used} {where} is invalid because it did not come from this stream.")
    return parsed.place
