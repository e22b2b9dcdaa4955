"""A Kafka cluster inside this process: librdkafka's own mock, with what its Python binding leaves out.

It speaks the protocol on a port of this machine, so any client finds it. Topics have as many partitions as they are
made with; brokers can be taken down and come back with what they had.
"""

from __future__ import annotations

import ctypes
import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import confluent_kafka
from confluent_kafka import Consumer, Message, Producer, TopicPartition

_PRODUCER = 0
_PRODUCE = 0  # of the protocol


class Cluster:
    """`servers` is what clients are told."""

    def __init__(self, library: Any, handle: int) -> None:
        self._library, self._handle = library, handle
        self.servers = library.rd_kafka_mock_cluster_bootstraps(handle).decode()
        self._producer = Producer({"bootstrap.servers": self.servers, "log_level": 0, "linger.ms": 0})

    def topic(self, name: str, partitions: int = 1) -> None:
        assert self._library.rd_kafka_mock_topic_create(self._handle, name.encode(), partitions, 1) == 0

    def put(self, topic: str, *values: bytes | str, partition: int = 0, **more: Any) -> None:
        for value in values:
            self._producer.produce(topic, value=value, partition=partition, **more)
        assert self._producer.flush(10) == 0

    def take(self, topic: str, count: int, partition: int = 0) -> list[Message]:
        """The first so many messages of a partition."""
        reader = Consumer({"bootstrap.servers": self.servers, "group.id": "reader", "log_level": 0})
        try:
            reader.assign([TopicPartition(topic, partition, 0)])
            found = reader.consume(count, timeout=10)
        finally:
            reader.close()
        assert [one.error() for one in found] == [None] * count
        return found

    def refuse(self, error: int) -> None:
        """Answer the next message that is put with that error."""
        errors = (ctypes.c_int * 1)(error)
        self._library.rd_kafka_mock_push_request_errors_array(self._handle, _PRODUCE, 1, errors)

    def down(self) -> None:
        assert self._library.rd_kafka_mock_broker_set_down(self._handle, 1) == 0

    def up(self) -> None:
        assert self._library.rd_kafka_mock_broker_set_up(self._handle, 1) == 0

    def committed(self, group: str, topic: str, partition: int = 0) -> int:
        """What the group says is done; -1001 when it never said anything."""
        asking = Consumer({"bootstrap.servers": self.servers, "group.id": group, "log_level": 0})
        try:
            [found] = asking.committed([TopicPartition(topic, partition)], timeout=10)
        finally:
            asking.close()
        return int(found.offset)


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster of one broker, gone at the end."""
    library = _library()
    trouble = ctypes.create_string_buffer(512)
    config = library.rd_kafka_conf_new()
    library.rd_kafka_conf_set(config, b"log_level", b"0", trouble, 512)
    client = library.rd_kafka_new(_PRODUCER, config, trouble, 512)
    assert client, trouble.value
    handle = library.rd_kafka_mock_cluster_new(client, 1)
    try:
        yield Cluster(library, handle)
    finally:
        library.rd_kafka_mock_cluster_destroy(handle)
        library.rd_kafka_destroy(client)


def _library() -> Any:
    """The library that the binding has loaded, with the types of what is called here."""
    beside = os.path.dirname(os.path.dirname(confluent_kafka.__file__))
    [path] = glob.glob(os.path.join(beside, "confluent_kafka.libs", "librdkafka-*.so*"))
    library = ctypes.CDLL(path)
    pointer, number = ctypes.c_void_p, ctypes.c_int
    text, size = ctypes.c_char_p, ctypes.c_size_t
    library.rd_kafka_conf_new.restype = pointer
    library.rd_kafka_conf_set.argtypes = [pointer, text, text, text, size]
    library.rd_kafka_new.restype, library.rd_kafka_new.argtypes = pointer, [number, pointer, text, size]
    library.rd_kafka_destroy.argtypes = [pointer]
    library.rd_kafka_mock_cluster_new.restype = pointer
    library.rd_kafka_mock_cluster_new.argtypes = [pointer, number]
    library.rd_kafka_mock_cluster_destroy.argtypes = [pointer]
    library.rd_kafka_mock_cluster_bootstraps.restype = text
    library.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
    library.rd_kafka_mock_topic_create.argtypes = [pointer, text, number, number]
    library.rd_kafka_mock_push_request_errors_array.argtypes = [
        pointer,
        ctypes.c_int16,
        size,
        ctypes.POINTER(ctypes.c_int),
    ]
    for name in ("rd_kafka_mock_broker_set_down", "rd_kafka_mock_broker_set_up"):
        getattr(library, name).argtypes = [pointer, ctypes.c_int32]
    return library
