"""Kafka: topics of any brokers, through confluent-kafka, which need not be installed.

A partition is a shard, its offsets are the sequence numbers. Partitions are read one by one, from the offset that is
asked for (`assign`, not `subscribe`): who reads which one is decided by leases of rows, like everywhere else, and no
broker's rebalance can take a partition away in the middle of a batch. The consumer group only keeps the offsets.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from django.conf import settings

from invocations import clock
from invocations.arns import parse_arn
from invocations.decisions.on_failure import moment_text
from invocations.decisions.record_filters import data_of
from invocations.sources.base import Page, Read, ShardFacts, SourceTrouble, StreamSource, json_text
from invocations.values import Place

if TYPE_CHECKING:
    from invocations.sources.kafka.brokers import Brokers

NOT_INSTALLED = (
    "Kafka needs the package confluent-kafka, which is not installed: pip install 'confluent-kafka>=2.6,<3', "
    "and start lambdaplay again."
)
_TAIL = b"]}}"


class Kafka(StreamSource):
    product_time = False  # producers date records

    def check(self, place: Place) -> None:
        """Brokers are not asked: as on AWS, one that does not answer shows as the mapping's problem."""
        if find_spec("confluent_kafka") is None:
            raise SourceTrouble(NOT_INSTALLED)
        servers_of(place)

    def shards(self, place: Place) -> list[ShardFacts]:
        return [ShardFacts(str(number)) for number in self._brokers(place).partitions()]

    def start(self, place: Place, shard: str, position: str, at: datetime | None) -> str:
        """Where the group stands, if it was there before; else where the mapping says."""
        brokers, number = self._brokers(place), int(shard)
        offset = brokers.committed(number)
        if offset is None and position == "TRIM_HORIZON":
            return ""
        if offset is None and position == "AT_TIMESTAMP" and at is not None:
            offset = brokers.offset_at(number, round(at.timestamp() * 1000))
        return str((brokers.range(number)[1] if offset is None else offset) - 1)

    def read(self, place: Place, shard: str, after: str, most: int, identity: str) -> Page:
        from invocations.sources.kafka.records import read_of

        brokers, number = self._brokers(place), int(shard)
        low, high = brokers.range(number)
        wanted = int(after) + 1 if after else low
        skipped = max(0, low - wanted)
        # Beyond the end: the topic was made anew, and is read from its beginning.
        begin = low if wanted > high else max(wanted, low)
        if begin >= high:
            return Page((), after if wanted == begin else str(begin - 1), skipped=skipped)
        messages, end = brokers.read(number, begin, high, most)
        records = tuple(read_of(place.topic, message) for message in messages)
        behind = 0
        if records and end < high:
            behind = max(0, round((clock.real() - records[-1].arrived).total_seconds() * 1000))
        return Page(records, str(end - 1), more=end < high, behind_ms=behind, skipped=skipped)

    def newest(self, place: Place, shard: str, most: int) -> list[Read]:
        low, high = self._brokers(place).range(int(shard))
        begin = max(low, high - most)
        return list(self.read(place, shard, str(begin - 1), most, "").records) if begin < high else []

    def view(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        value = record.get("value")
        return record if value is None else {**record, "value": plain(base64.b64decode(str(value), validate=True))}

    def has_more(self, place: Place, shard: str, after: str) -> bool:
        low, high = self._brokers(place).range(int(shard))
        return high > low if not after else high != int(after) + 1

    def keep(self, place: Place, shard: str, checkpoint: str) -> None:
        self._brokers(place).commit(int(shard), int(checkpoint) + 1)

    def batch_info(self, place: Place, shard: str, records: Sequence[Read]) -> tuple[str, dict[str, Any]]:
        found = self._info(place, shard, records)
        found["recordsInfo"] = {
            f"{place.topic}-{shard}": {
                "firstRecordOffset": records[0].id,
                "lastRecordOffset": records[-1].id,
                "firstRecordTimestamp": moment_text(records[0].arrived),
                "lastRecordTimestamp": moment_text(records[-1].arrived),
            }
        }
        return "KafkaBatchInfo", found

    def record_info(self, place: Place, shard: str, read: Read) -> tuple[str, dict[str, Any]]:
        found = self._info(place, shard, [read])
        return "KafkaBatchInfo", {**found, "recordInfo": {"offset": read.id, "timestamp": moment_text(read.arrived)}}

    def _info(self, place: Place, shard: str, records: Sequence[Read]) -> dict[str, Any]:
        size = sum(map(len, self.envelope(place, shard))) + sum(len(read.text) + 1 for read in records) - 1
        found: dict[str, Any] = {"batchSize": len(records)}
        if place.arn:
            found["eventSourceArn"] = place.arn
        return {**found, "bootstrapServers": ",".join(servers_of(place)), "payloadSize": size}

    def envelope(self, place: Place, shard: str) -> tuple[bytes, bytes]:
        """One partition's records: pollers have one each, so that one that fails holds up no other."""
        found = {"eventSource": "aws:kafka" if place.arn else "SelfManagedKafka"}
        if place.arn:
            found["eventSourceArn"] = place.arn
        found["bootstrapServers"] = ",".join(servers_of(place))
        name = json_text({f"{place.topic}-{shard}": 0})[:-2]
        return json_text(found)[:-1] + b',"records":' + name + b"[", _TAIL

    def _brokers(self, place: Place) -> Brokers:
        if find_spec("confluent_kafka") is None:
            raise SourceTrouble(NOT_INSTALLED)
        from invocations.sources.kafka.brokers import brokers_of

        return brokers_of(place, servers_of(place))


def plain(value: bytes) -> Any:
    """What filters see of a value: JSON or text, or nothing that a pattern could fit."""
    try:
        return data_of(value.decode())
    except UnicodeDecodeError:
        return ""


def servers_of(place: Place) -> tuple[str, ...]:
    """The brokers' addresses: the mapping's own, or those that a setting has for the Amazon MSK cluster."""
    if place.servers:
        return place.servers
    parts = parse_arn(place.arn)
    name = parts.resource.split("/")[1] if parts is not None and "/" in parts.resource else ""
    known = settings.LAMBDAPLAY_MSK_BROKERS
    servers: tuple[str, ...] | None = known.get(name) or known.get("*")
    if servers is None:
        raise SourceTrouble(
            f"No brokers are known for the Amazon MSK cluster {name}: set LAMBDAPLAY_MSK_BROKERS to "
            f"'{name}=host:port,host:port' (or '*=...' for any cluster) and start lambdaplay again."
        )
    return servers


SOURCE = Kafka("kafka")
