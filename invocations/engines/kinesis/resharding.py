"""Dividing the key space anew: shards are closed, others opened in their place, each knowing its parents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from invocations.engines.kinesis import hashing, hooks, limits, shard_views, streams
from invocations.engines.kinesis.errors import InvalidArgument, LimitExceeded, StreamNotFound, Validation
from invocations.engines.kinesis.hashing import HashRange
from invocations.engines.kinesis.moments import now_ms
from invocations.models import Shard, Stream

# A border this near to the one wanted (as a share of a shard) is taken as it is: no shard of a few keys is made.
_NEAR = 1000


def split(stream: Stream, shard_id: str, first_hash: int) -> None:
    """Split a shard so that the upper child begins at `first_hash`. Raises StreamRefusal."""
    _refuse_on_demand(stream)
    with _surgery(stream) as surgery:
        shard = surgery.open_shard(shard_views.find(stream, shard_id))
        space = shard_views.hash_range(shard)
        if not space.first + 1 < first_hash < space.last:
            raise InvalidArgument(
                f"NewStartingHashKey {first_hash} used in SplitShard() on shard {shard.shard_id} in stream "
                f"{stream.name} under account {stream.account} is not both greater than one plus the shard's "
                f"StartingHashKey {space.first} and less than the shard's EndingHashKey {space.last}."
            )
        streams.check_shard_limit(stream.scope, 1)
        surgery.split(shard, first_hash)


def merge(stream: Stream, shard_id: str, adjacent_id: str) -> None:
    """Merge two neighbours, the lower named first. Raises StreamRefusal."""
    _refuse_on_demand(stream)
    with _surgery(stream) as surgery:
        lower, upper = shard_views.find(stream, shard_id), shard_views.find(stream, adjacent_id)
        lower, upper = surgery.open_shard(lower), surgery.open_shard(upper)
        if int(lower.last_hash) + 1 != int(upper.first_hash):
            raise InvalidArgument(
                f"Shards {lower.shard_id} and {upper.shard_id} in stream {stream.name} under account "
                f"{stream.account} are not an adjacent pair of shards eligible for merging"
            )
        surgery.merge(lower, upper)


def update_count(stream: Stream, target: int) -> int:
    """Have `target` open shards of one size; return how many there were. Raises StreamRefusal."""
    _refuse_on_demand(stream)
    with _surgery(stream) as surgery:
        before = shard_views.open_ones(stream)
        _check_target(stream, len(before), target)
        if not _is_even(before, target):
            _reshape(surgery, before, target)
    return len(before)


def _check_target(stream: Stream, current: int, target: int) -> None:
    counts = f"Current open shard count: {current}, Target shard count: {target}"
    if target > 2 * current:
        raise LimitExceeded(f"UpdateShardCount cannot scale up over double your current open shard count. {counts}")
    if 2 * target < current:
        raise LimitExceeded(f"UpdateShardCount cannot scale down below half your current open shard count. {counts}")
    if target > current and streams.open_shards(stream.scope) + target - current > limits.SHARDS:
        raise LimitExceeded(
            f"Target shard count or number of open shards cannot be greater than {limits.SHARDS}. {counts}"
        )


def _is_even(open_shards: list[Shard], target: int) -> bool:
    return {shard_views.hash_range(shard) for shard in open_shards} == set(hashing.even(target))


def _reshape(surgery: _Surgery, open_shards: list[Shard], target: int) -> None:
    """Split at each border that is missing, then merge what lies between two borders, from the lowest key on."""
    pieces = sorted(open_shards, key=lambda shard: int(shard.first_hash))
    borders = _borders([int(shard.first_hash) for shard in pieces], target)
    cut: list[Shard] = []
    for piece in pieces:
        cut += _cut(surgery, piece, borders)
    for first, following in zip(borders, [*borders[1:], hashing.HIGHEST + 1], strict=True):
        inside = [piece for piece in cut if first <= int(piece.first_hash) < following]
        lower = inside[0]
        for upper in inside[1:]:
            lower = surgery.merge(lower, upper)


def _borders(existing: list[int], target: int) -> list[int]:
    """Where the shards are to begin: the even borders, each moved to an existing one that is near enough."""
    near = hashing.HIGHEST // target // _NEAR
    wanted = [part.first for part in hashing.even(target)]
    return [min(existing, key=lambda have: abs(have - want)) if _has(existing, want, near) else want for want in wanted]


def _has(existing: list[int], want: int, near: int) -> bool:
    return any(abs(have - want) <= near for have in existing)


def _cut(surgery: _Surgery, shard: Shard, borders: list[int]) -> list[Shard]:
    done = []
    for border in borders:
        if int(shard.first_hash) < border <= int(shard.last_hash):
            lower, shard = surgery.split(shard, border)
            done.append(lower)
    return [*done, shard]


def _refuse_on_demand(stream: Stream) -> None:
    if stream.mode == Stream.Mode.ON_DEMAND:
        raise Validation(
            f"Request is invalid. Stream {stream.name} under account {stream.account} is in On-Demand mode."
        )


class _Surgery:
    """One transaction's work on a stream whose row is locked: no other reshard runs, and puts see all of it or none."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.now = now_ms()
        self.closed: list[str] = []

    def open_shard(self, shard: Shard) -> Shard:
        """The shard, locked. Raises InvalidArgument when it is closed."""
        row = Shard.objects.select_for_update(no_key=True).filter(pk=shard.pk, closed_ms=None).first()
        if row is None:
            raise InvalidArgument(
                f"Shard {shard.shard_id} in stream {self.stream.name} under account {self.stream.account} has already "
                "been merged or split, and thus is not eligible for merging or splitting."
            )
        return row

    def split(self, shard: Shard, border: int) -> tuple[Shard, Shard]:
        space = shard_views.hash_range(shard)
        self._close(shard)
        epoch = self._epoch(shard)
        lower = self._open(HashRange(space.first, border - 1), epoch, shard)
        return lower, self._open(HashRange(border, space.last), epoch, shard)

    def merge(self, lower: Shard, upper: Shard) -> Shard:
        self._close(lower)
        self._close(upper)
        space = HashRange(int(lower.first_hash), int(upper.last_hash))
        return self._open(space, self._epoch(lower, upper), lower, upper)

    def _epoch(self, *parents: Shard) -> int:
        return max(self.now // 1000, *(parent.epoch + 1 for parent in parents))

    def _close(self, shard: Shard) -> None:
        """Waits for puts into the shard that are under way; those that come later are routed anew."""
        locked = self.open_shard(shard)
        locked.closed_ms = max(self.now, locked.last_arrival_ms)
        locked.save(update_fields=["closed_ms"])
        self.closed.append(shard.shard_id)

    def _open(self, space: HashRange, epoch: int, parent: Shard, adjacent: Shard | None = None) -> Shard:
        made = Shard.objects.create(
            stream=self.stream,
            number=self.stream.next_shard,
            parent=parent.number,
            adjacent_parent=None if adjacent is None else adjacent.number,
            first_hash=str(space.first),
            last_hash=str(space.last),
            epoch=epoch,
            opened_ms=self.now,
        )
        self.stream.next_shard += 1
        return made


@contextmanager
def _surgery(stream: Stream) -> Iterator[_Surgery]:
    """Lock the stream, let the caller work, write down how far its shard numbers have come. Raises StreamNotActive."""
    streams.check_active(stream)
    with transaction.atomic():
        locked = Stream.objects.select_for_update(no_key=True).filter(pk=stream.pk).first()
        if locked is None:
            raise StreamNotFound(stream.name, stream.account)
        streams.check_active(locked)
        # All of them at once and in the order that puts take them in, or a put and a reshard wait for each other.
        list(Shard.objects.select_for_update(no_key=True).filter(stream=locked, closed_ms=None).order_by("pk"))
        surgery = _Surgery(locked)
        yield surgery
        if surgery.closed:
            streams.change(locked, next_shard=locked.next_shard)
            hooks.announce(locked.arn, surgery.closed)
