"""What this process has open to a mapping's brokers: one client that asks, and a reader for each partition in use.

Handles are kept between polls, and let go when nobody used them for a while or when they failed: a new one reads the
secrets anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from invocations import limits
from invocations.sources.base import SourceTrouble
from invocations.sources.kafka.entrance import entrance
from invocations.values import Place

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0  # of one request
READ_SECONDS = 10.0  # of one read that brings nothing
POLL_SECONDS = 0.2
KEEP_SECONDS = 30.0  # a reader that nobody used for so long is closed; what only asks, ten times that
ONE_GO = 500  # messages taken from a client at once

_COMMON = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 8192,
    "reconnect.backoff.max.ms": 1000,
    "log_level": 0,  # what is wrong is told by the mapping
}
UNABLE = {
    KafkaError.SASL_AUTHENTICATION_FAILED: "SASL authentication failed",
    KafkaError._AUTHENTICATION: "SASL authentication failed",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Cluster failed to authorize Lambda",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Cluster failed to authorize Lambda",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Cluster failed to authorize Lambda",
    KafkaError._SSL: "TLS failed",
}
_GROUP_IN_USE = (KafkaError.UNKNOWN_MEMBER_ID, KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS)

Result = TypeVar("Result")


class Brokers:
    """Questions about one topic, for one group. Its methods raise SourceTrouble; threads may share it."""

    def __init__(self, place: Place, servers: tuple[str, ...]) -> None:
        self.place = place
        self.servers = ",".join(servers)
        self.used = time.monotonic()
        self._why: KafkaError | None = None
        self._readers: dict[int, Reader] = {}
        self._told: dict[int, tuple[int, float]] = {}  # offsets, and when the group was told
        self._lock = threading.Lock()
        self._config = {
            **_COMMON,
            **entrance(place, servers),
            "bootstrap.servers": self.servers,
            "group.id": place.group,
            "error_cb": self._note,
        }
        self._asking = self._asked(lambda: Consumer(self._config))

    def partitions(self) -> list[int]:
        topic = self.place.topic
        found = self._asked(lambda: self._asking.list_topics(topic, timeout=ANSWER_SECONDS)).topics[topic]
        if found.error is not None:
            if found.error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC):
                raise SourceTrouble(f"The topic {topic} does not exist.")
            raise self._trouble(found.error)
        return sorted(found.partitions)

    def range(self, partition: int) -> tuple[int, int]:
        """The oldest offset, and the one that the next record will have."""
        wanted = self._at(partition)
        found = self._asked(lambda: self._asking.get_watermark_offsets(wanted, timeout=ANSWER_SECONDS))
        if found is None:
            raise SourceTrouble(f"The Kafka brokers {self.servers} did not answer in {ANSWER_SECONDS:.0f} s.")
        return found

    def committed(self, partition: int) -> int | None:
        """Where the group goes on; None when it never was there."""
        [found] = self._asked(lambda: self._asking.committed([self._at(partition)], timeout=ANSWER_SECONDS))
        self._judge(found)
        return found.offset if found.offset >= 0 else None

    def offset_at(self, partition: int, milliseconds: int) -> int | None:
        """The first record of that moment or later; None when there is none."""
        wanted = [self._at(partition, milliseconds)]
        [found] = self._asked(lambda: self._asking.offsets_for_times(wanted, timeout=ANSWER_SECONDS))
        self._judge(found)
        return found.offset if found.offset >= 0 else None

    def commit(self, partition: int, offset: int) -> None:
        """Say where the group goes on. To be called when the brokers have just answered: they are waited for.

        The same is said again only after a while, should a worker that was slow have said something older since.
        """
        known, at = self._told.get(partition, (-1, 0.0))
        if known == offset and time.monotonic() - at < KEEP_SECONDS:
            return
        wanted = [self._at(partition, offset)]
        for found in self._asked(lambda: self._asking.commit(offsets=wanted, asynchronous=False)) or ():
            self._judge(found)
        self._told[partition] = (offset, time.monotonic())

    def read(self, partition: int, begin: int, high: int, most: int) -> tuple[list[Message], int]:
        """Messages from `begin` on, at most up to `high`, and the offset that comes next."""
        with self._lock:
            reader = self._readers.pop(partition, None)
        reader = reader or Reader(self._asked(lambda: Consumer(self._config)), self.place.topic, partition)
        try:
            found = self._asked(lambda: reader.read(begin, high, most))
        except SourceTrouble:
            reader.consumer.close()
            raise
        with self._lock:
            spare, self._readers[partition] = self._readers.get(partition), reader
        if spare is not None:
            spare.consumer.close()
        return found

    def tidy(self, before: float) -> None:
        """Close the readers that nobody used since that moment."""
        with self._lock:
            idle = [number for number, reader in self._readers.items() if reader.used < before]
            gone = [self._readers.pop(number) for number in idle]
        for reader in gone:
            reader.consumer.close()

    def _at(self, partition: int, offset: int = -1) -> TopicPartition:
        return TopicPartition(self.place.topic, partition, offset)

    def _note(self, error: KafkaError) -> None:
        self._why = error

    def _judge(self, found: TopicPartition) -> None:
        if found.error is not None:
            raise self._trouble(found.error)

    def _asked(self, ask: Callable[[], Result]) -> Result:
        self.used, self._why = time.monotonic(), None
        try:
            return ask()
        except KafkaException as error:
            raise self._trouble(error.args[0]) from error
        except (TypeError, ValueError) as error:  # what a client cannot be made of
            forget(self)
            raise SourceTrouble(f"The Kafka client cannot be made: {error}") from error

    def _trouble(self, error: Any) -> SourceTrouble:
        """The client's own reason says more than the request that ran into it."""
        forget(self)
        if getattr(self, "_asking", None) is not None:
            self._asking.poll(0)  # hands over what `_note` is to know
        reason = self._why if self._why is not None and self._why.code() != KafkaError._ALL_BROKERS_DOWN else error
        if not isinstance(reason, KafkaError):
            return SourceTrouble(f"Kafka failed: {reason}")
        if error.code() in _GROUP_IN_USE:
            return SourceTrouble(
                f"The consumer group {self.place.group} has other members, which read the same records: "
                "stop them, or give the mapping a group of its own."
            )
        start = UNABLE.get(reason.code(), f"The Kafka brokers {self.servers} cannot be used")
        return SourceTrouble(f"{start}: {reason.str()}")


class Reader:
    """One partition's client, which goes on where it stopped. One thread at a time has it."""

    def __init__(self, consumer: Consumer, topic: str, partition: int) -> None:
        self.consumer = consumer
        self.used = time.monotonic()
        self._topic, self._partition = topic, partition
        self._at: int | None = None

    def read(self, begin: int, high: int, most: int) -> tuple[list[Message], int]:
        if self._at != begin:
            self.consumer.assign([TopicPartition(self._topic, self._partition, begin)])
        found: list[Message] = []
        at, size = begin, 0
        until = time.monotonic() + READ_SECONDS
        while at < high and len(found) < most and size < limits.SYNC_REQUEST_BYTES:
            for message in self._some(min(most - len(found), ONE_GO)):
                error = message.error()
                if error is None:
                    found.append(message)
                    size += len(message.value() or b"") + len(message.key() or b"")
                    at = (message.offset() or 0) + 1
                elif error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                elif (message.offset() or 0) >= high:  # an older end was told before more came
                    # What lies before is no record: marks of transactions, or what compaction took away.
                    at = message.offset() or 0
            if not found and at < high and time.monotonic() > until:
                raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"no records came in {READ_SECONDS:.0f} s"))
            if found and time.monotonic() > until:
                break
        self._at, self.used = at, time.monotonic()
        return found, at

    def _some(self, most: int) -> list[Message]:
        first = self.consumer.poll(POLL_SECONDS)
        if first is None:
            return []
        return [first, *(self.consumer.consume(most - 1, timeout=0) if most > 1 and first.error() is None else ())]


_open: dict[Place, Brokers] = {}
_guard = threading.Lock()


def brokers_of(place: Place, servers: tuple[str, ...]) -> Brokers:
    """This process's handle for a mapping. Raises SourceTrouble when none can be made."""
    with _guard:
        found = _open.get(place)
    if found is None or found.servers != ",".join(servers):
        fresh = Brokers(place, servers)
        with _guard:
            found = _open.setdefault(place, fresh)
    _tidy()
    return found


def forget(brokers: Brokers) -> None:
    """The next question makes a new handle; threads that still use this one end with it."""
    with _guard:
        if _open.get(brokers.place) is brokers:
            del _open[brokers.place]


def _tidy() -> None:
    now = time.monotonic()
    with _guard:
        kept = list(_open.values())
    for one in kept:
        one.tidy(now - KEEP_SECONDS)
        if one.used < now - 10 * KEEP_SECONDS:
            forget(one)
