"""A topic of the brokers that a mapping reads: what it gave up is a message there, with the key that it had.

The mapping's row says at every try which brokers these are and how they are entered: mending it helps what waits. The
client is confluent-kafka, which need not be installed, as for the source.

Options: `record_key` is the record's key in base64; without it the message has none.
"""

from __future__ import annotations

import base64
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from invocations.arns import Arn
from invocations.decisions.kafka_options import TOPIC_SERVICE
from invocations.destinations.base import ON_FAILURE, Attributes, Context, Destination, Undeliverable
from invocations.models import Mapping
from invocations.sources import SourceTrouble
from invocations.sources.kafka import NOT_INSTALLED, servers_of
from invocations.sources.kafka.entrance import entrance
from invocations.values import Place
from lambdaplay.db.pool import pooled

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

ANSWER_SECONDS = 10.0  # within which all replicas must have it
KEEP_SECONDS = 300.0  # a producer that nobody used for so long is let go
POLL_SECONDS = 0.1
MESSAGE_BYTES_MAX = 100_000_000  # what is too large is for the brokers to say


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Produce, and wait until all replicas that are in step have it. A repeat is one message more."""
    place = _place(context)
    if find_spec("confluent_kafka") is None:
        raise Undeliverable(NOT_INSTALLED)
    key = context.options.get("record_key")
    try:
        producer = _producer(place)
    except SourceTrouble as trouble:
        raise Undeliverable(str(trouble)) from trouble
    try:
        producer.send(arn.resource, None if key is None else base64.b64decode(key), body)
    except BaseException:
        _forget(producer)
        raise


def _place(context: Context) -> Place:
    """Where the mapping reads that the delivery comes from."""
    uuid = context.function_arn.rpartition(":")[2]
    with pooled():
        row = Mapping.objects.within(context.scope).filter(uuid=uuid).first()
    if row is None:
        raise Undeliverable(
            f"The event source mapping {uuid} is gone, and with it the address of its brokers.", permanent=True
        )
    return row.place


class Producer:
    """A client of one mapping's brokers. Threads may share it."""

    def __init__(self, place: Place, servers: tuple[str, ...]) -> None:
        import confluent_kafka

        self.place, self.servers = place, ",".join(servers)
        self.used = time.monotonic()
        self._why: KafkaError | None = None
        config: dict[str, Any] = {
            **entrance(place, servers),
            "bootstrap.servers": self.servers,
            "acks": "all",
            "linger.ms": 0,
            "message.max.bytes": MESSAGE_BYTES_MAX,
            "message.timeout.ms": round(ANSWER_SECONDS * 1000),
            "partitioner": "murmur2_random",  # where Java's clients put a key
            "reconnect.backoff.max.ms": 1000,
            "error_cb": self._note,
            "log_level": 0,  # what is wrong is told by the delivery
        }
        try:
            self._client = confluent_kafka.Producer(config)
        except (confluent_kafka.KafkaException, TypeError, ValueError) as error:
            raise SourceTrouble(f"The Kafka client cannot be made: {error}") from error

    def send(self, topic: str, key: bytes | None, value: bytes) -> None:
        """Return when the brokers have said that they have it. Raises Undeliverable."""
        from confluent_kafka import KafkaException

        self.used, self._why = time.monotonic(), None
        heard = threading.Event()
        answer: list[KafkaError | None] = []

        def hear(error: KafkaError | None, message: Message) -> None:
            answer.append(error)
            heard.set()

        try:
            self._client.produce(topic, value=value, key=key, on_delivery=hear)
        except KafkaException as error:
            raise self._trouble(error.args[0], len(value)) from error
        until = time.monotonic() + 2 * ANSWER_SECONDS
        while not heard.is_set() and time.monotonic() < until:
            self._client.poll(POLL_SECONDS)
        if not answer:
            raise Undeliverable(f"The Kafka brokers {self.servers} did not answer in {2 * ANSWER_SECONDS:.0f} s.")
        if answer[0] is not None:
            raise self._trouble(answer[0], len(value))

    def _note(self, error: KafkaError) -> None:
        self._why = error

    def _trouble(self, error: KafkaError, size: int) -> Undeliverable:
        """The client's own reason says more than that time ran out."""
        from confluent_kafka import KafkaError

        from invocations.sources.kafka.brokers import UNABLE

        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            told = f"The Kafka brokers {self.servers} take no message of {size} bytes."
            return Undeliverable(f"{told} max.message.bytes of the topic is the limit.", permanent=True)
        why = self._why
        late = error.code() == KafkaError._MSG_TIMED_OUT
        reason = why if late and why is not None and why.code() != KafkaError._ALL_BROKERS_DOWN else error
        start = UNABLE.get(reason.code(), f"The Kafka brokers {self.servers} cannot be used")
        return Undeliverable(f"{start}: {reason.str()}")


_open: dict[Place, Producer] = {}
_guard = threading.Lock()


def _producer(place: Place) -> Producer:
    """This process's client for these brokers; a new one reads the secrets. Raises SourceTrouble."""
    before = time.monotonic() - KEEP_SECONDS
    with _guard:
        idle = [_open.pop(other) for other, one in list(_open.items()) if one.used < before]
        found = _open.get(place)
    idle.clear()  # outside of the lock: a client takes its time to end
    if found is not None:
        return found
    fresh = Producer(place, servers_of(place))
    with _guard:
        return _open.setdefault(place, fresh)


def _forget(producer: Producer) -> None:
    with _guard:
        if _open.get(producer.place) is producer:
            del _open[producer.place]


DESTINATION = Destination(TOPIC_SERVICE, frozenset({ON_FAILURE}), send)
