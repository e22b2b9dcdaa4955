"""Records that a mapping of Kafka gave up, sent to a topic of the same brokers through the outbox."""

from __future__ import annotations

import json
from typing import Any

import pytest
from confluent_kafka import KafkaError

from invocations.destinations import kafka
from invocations.flows import deliver
from invocations.models import Batch, Delivery, Mapping
from invocations.sources.kafka import NOT_INSTALLED
from tests.mappings.conftest import Script
from tests.mappings.topics import MSK, PROVISIONED, Stage, cluster, stage

__all__ = ["cluster", "stage"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process than the one before, with no client of any brokers."""
    monkeypatch.setattr(kafka, "_open", {})


def give_up(stage: Stage, script: Script, *values: str, arn: str = "", **more: Any) -> list[Delivery]:
    """Let the function fail with these, and return the deliveries that come of it."""
    dead = f"{stage.topic}-dead"
    stage.cluster.topic(dead)
    members = {"ProvisionedPollerConfig": PROVISIONED}
    stage.map(arn=arn, on_failure=f"kafka://{dead}", max_retries=0, members=members)
    script.answer = script.fail
    stage.put(*values, **more)
    stage.poll()
    assert Batch.objects.get(mapping=stage.row).outcome == Batch.Outcome.FAILED
    assert stage.committed() == len(values), "whatever becomes of the deliveries"
    return list(Delivery.objects.order_by("id"))


def send(row: Delivery) -> tuple[str, str]:
    """Have it sent, and return state and error."""
    deliver.run(row.pk, "test")
    row.refresh_from_db()
    return row.state, row.last_error


def send_in_vain(row: Delivery) -> tuple[str, str]:
    """The same, without waiting long for brokers that are not there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kafka, "ANSWER_SECONDS", 0.5)
        return send(row)


def test_each_record_is_a_message_with_its_key_and_why(stage: Stage, script: Script) -> None:
    rows = give_up(stage, script, "a", "b", key="k", timestamp=1545084650987)
    assert [row.state for row in rows] == ["PENDING", "PENDING"]
    assert send(rows[1]) == ("PENDING", ""), "the first one is ahead of it"
    assert send(rows[0]) == ("SENT", "")
    rows[1].refresh_from_db()
    assert rows[1].state == "SENT"
    found = stage.cluster.take(f"{stage.topic}-dead", 2)
    assert [message.key() for message in found] == [b"k", b"k"]
    [event] = script.events
    for number, message in enumerate(found):
        told = json.loads(message.value() or b"")
        assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
        assert told["responseContext"]["functionError"] == "Unhandled"
        payload = told["payload"]
        name = f"{stage.topic}-0"
        assert payload == {**event, "records": {name: [event["records"][name][number]]}}
        assert told["KafkaBatchInfo"] == {
            "batchSize": 1,
            "bootstrapServers": stage.cluster.servers,
            "payloadSize": len(json.dumps(payload, separators=(",", ":"))),
            "recordInfo": {"offset": str(number), "timestamp": "2018-12-17T22:10:50.987Z"},
        }


def test_brokers_that_are_away_are_waited_for(stage: Stage, script: Script, settings: Any) -> None:
    settings.LAMBDAPLAY_MSK_BROKERS = {"orders": (stage.cluster.servers,)}
    [row] = give_up(stage, script, "a", arn=MSK)
    stage.cluster.down()
    try:
        state, error = send_in_vain(row)
    finally:
        stage.cluster.up()
    assert (state, row.tries) == ("PENDING", 1)
    assert error.startswith(f"The Kafka brokers {stage.cluster.servers} cannot be used: ")
    stage.world.hand.advance(300)
    assert send(row) == ("SENT", "")
    [message] = stage.cluster.take(f"{stage.topic}-dead", 1)
    assert message.key() is None
    assert json.loads(message.value() or b"")["KafkaBatchInfo"]["eventSourceArn"] == MSK


def test_the_mapping_as_it_is_now_says_where_to(stage: Stage, script: Script) -> None:
    [row] = give_up(stage, script, "a")
    mapping = Mapping.objects.all()
    mapping.update(servers="127.0.0.1:1")
    assert send_in_vain(row)[0] == "PENDING"
    mapping.update(servers=stage.cluster.servers)
    stage.world.hand.advance(300)
    assert send(row) == ("SENT", "")


def test_without_its_mapping_it_is_undeliverable(stage: Stage, script: Script) -> None:
    [row] = give_up(stage, script, "a")
    uuid = Mapping.objects.get().uuid
    Mapping.objects.all().delete()
    assert send(row) == (
        "FAILED",
        f"The event source mapping {uuid} is gone, and with it the address of its brokers.",
    )


def test_without_its_package_it_waits(stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = give_up(stage, script, "a")
    monkeypatch.setattr(kafka, "find_spec", lambda name: None)
    assert send(row) == ("PENDING", NOT_INSTALLED)


def test_a_message_that_is_too_large_for_the_brokers_is_undeliverable(stage: Stage, script: Script) -> None:
    [row] = give_up(stage, script, "a")
    stage.cluster.refuse(KafkaError.MSG_SIZE_TOO_LARGE)
    state, error = send(row)
    assert (state, error.partition(" take no message of ")[0]) == (
        "FAILED",
        f"The Kafka brokers {stage.cluster.servers}",
    )


def test_a_refusal_is_told_and_tried_again(stage: Stage, script: Script) -> None:
    [row] = give_up(stage, script, "a")
    stage.cluster.refuse(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    state, error = send(row)
    assert (state, error.partition(":")[0]) == ("PENDING", "Cluster failed to authorize Lambda")
    stage.world.hand.advance(300)
    assert send(row) == ("SENT", "")
