"""What tests of Kafka share: a cluster, a topic and its mapping, and looking at what was called."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from invocations.decisions.mapping_options import Options
from invocations.flows import mappings
from invocations.models import Mapping as Row
from invocations.models import Poller
from tests.flows.conftest import SCOPE
from tests.mappings.cluster import Cluster, running
from tests.mappings.conftest import Script, World, settle

MSK = "arn:aws:kafka:us-east-1:000000000000:cluster/orders/6d0d84aa-0000-4000-8000-000000000000-1"
NETWORK = [
    {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"},
    {"Type": "VPC_SECURITY_GROUP", "URI": "security_group:sg-1"},
]
PROVISIONED = {"MinimumPollers": 1, "MaximumPollers": 10}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running() as found:
        yield found


class Stage:
    """A topic of its own for each test, and a mapping of it."""

    def __init__(self, world: World, cluster: Cluster, topic: str) -> None:
        self.world, self.cluster, self.topic = world, cluster, topic
        self.row: Row | None = None

    def map(self, partitions: int = 1, members: Mapping[str, Any] | None = None, arn: str = "", **options: Any) -> Row:
        self.cluster.topic(self.topic, partitions)
        return self.join(members, arn, **options)

    def join(self, members: Mapping[str, Any] | None = None, arn: str = "", **options: Any) -> Row:
        asked: dict[str, Any] = {"Topics": [self.topic], **(members or {})}
        if not arn:
            asked["SelfManagedEventSource"] = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [self.cluster.servers]}}
            asked.setdefault("SourceAccessConfigurations", NETWORK)
        chosen = Options(**{"starting_position": "TRIM_HORIZON", "window_seconds": 0, **options})
        row = mappings.create(SCOPE, mappings.Draft("fn", arn, chosen, others=asked))
        settle()
        self.row = mappings.get(SCOPE, row.uuid)
        return self.row

    def put(self, *values: str, partition: int = 0, **more: Any) -> None:
        self.cluster.put(self.topic, *values, partition=partition, **more)

    def poll(self) -> None:
        """Let everybody look now, as if their pauses were over."""
        assert self.row is not None
        Poller.objects.update(idle_until=None)
        self.world.poll(self.row)

    def keep_polling(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.poll()
            self.world.hand.advance(step)

    def poller(self, partition: int = 0) -> Poller:
        return Poller.objects.get(mapping=self.row, shard=str(partition))

    def committed(self, partition: int = 0) -> int:
        assert self.row is not None
        return self.cluster.committed(self.row.consumer_group, self.topic, partition)

    def result(self) -> str:
        assert self.row is not None
        return mappings.get(SCOPE, self.row.uuid).last_result


@pytest.fixture
def stage(world: World, cluster: Cluster, request: pytest.FixtureRequest) -> Stage:
    return Stage(world, cluster, request.node.name.replace("[", "-").replace("]", ""))


def records(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [record for listed in event["records"].values() for record in listed]


def values(event: dict[str, Any]) -> list[str]:
    return [base64.b64decode(record["value"]).decode() for record in records(event)]


def calls(script: Script) -> list[str]:
    """What each call was given, as one string."""
    return ["".join(values(event)) for event in script.events]


def fails_on(script: Script, poison: str) -> Callable[[dict[str, Any]], Any]:
    return lambda event: script.fail(event) if poison in values(event) else None
