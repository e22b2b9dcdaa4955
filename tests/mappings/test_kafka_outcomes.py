"""What becomes of a topic's records: filters, windows, failures by the options of provisioned mode, destinations."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from invocations.flows import outbox, poll
from invocations.models import Batch, Poller
from invocations.values import Parcel
from tests.mappings.conftest import Script, die
from tests.mappings.topics import PROVISIONED, Stage, calls, cluster, fails_on, records, stage, values

__all__ = ["cluster", "stage"]


def test_errors_and_deaths_at_random_skip_nothing_and_keep_order(stage: Stage, script: Script) -> None:
    """A third of the calls fail, and in another sixth the worker is taken for dead while the function runs."""
    chance = random.Random(7)
    row = stage.map(partitions=3, batch_size=3)
    done: dict[str, list[str]] = {}

    def answer(event: dict[str, Any]) -> Any:
        fate = chance.random()
        if fate < 1 / 3:
            return script.fail(event)
        if fate < 1 / 2:
            die(row)
            other = Poller.objects.filter(mapping=row, shard=str(records(event)[0]["partition"]))
            poll.run(other.values_list("pk", flat=True)[0], "other")
            return None
        [name] = event["records"]
        done.setdefault(name, []).extend(values(event))
        return None

    script.answer = answer
    wanted = {f"{stage.topic}-{number}": [f"p{number}n{at}" for at in range(10)] for number in range(3)}
    for number, listed in enumerate(wanted.values()):
        stage.put(*listed, partition=number)
    rounds = iter(range(60))
    while done != wanted and next(rounds, None) is not None:
        stage.keep_polling(64, step=64)
    assert done == wanted
    assert [stage.committed(number) for number in range(3)] == [10, 10, 10]


def test_filters_read_the_value(stage: Stage, script: Script) -> None:
    stage.map(filters=(json.dumps({"value": {"kind": ["order"]}}),))
    good = json.dumps({"kind": "order"})
    stage.put("plain", good, json.dumps({"kind": "visit"}), b"\xff")  # type: ignore[arg-type]
    stage.poll()
    assert calls(script) == [good]
    assert (stage.poller().checkpoint, stage.committed()) == ("3", 4)
    [batch] = Batch.objects.filter(mapping=stage.row)
    assert (batch.records, batch.filtered) == (1, 3)


def test_a_plain_filter_takes_plain_values(stage: Stage, script: Script) -> None:
    stage.map(filters=(json.dumps({"value": [{"prefix": "a"}]}),))
    stage.put("ab", "b", json.dumps({"a": 1}))
    stage.poll()
    assert calls(script) == ["ab"]


def test_without_a_window_of_its_own_a_batch_collects_for_half_a_second(stage: Stage, script: Script) -> None:
    stage.map(window_seconds=None)
    stage.put("a")
    stage.poll()
    assert script.events == []
    stage.world.hand.advance(0.25)
    stage.put("b")
    stage.poll()
    assert script.events == []
    stage.world.hand.advance(0.25)
    stage.poll()
    assert calls(script) == ["ab"]


@pytest.fixture
def parcels(monkeypatch: pytest.MonkeyPatch) -> list[Parcel]:
    posted: list[Parcel] = []
    monkeypatch.setattr(outbox, "post", posted.extend)
    return posted


def test_with_a_destination_ten_retries_are_the_end(stage: Stage, script: Script, parcels: list[Parcel]) -> None:
    dead = stage.world.queue("dead")
    row = stage.map(on_failure=dead.arn)
    script.answer = fails_on(script, "bad")
    stage.put("bad", "too", timestamp=1545084650987)
    stage.poll()
    stage.put("good")
    stage.keep_polling(768, step=64)
    assert calls(script) == ["badtoo"] * 11 + ["good"]
    [parcel] = parcels
    told = json.loads(parcel.body)
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 11
    info = told["KafkaBatchInfo"]
    assert info.pop("payloadSize") == len(script.requests[0].payload)
    assert info == {
        "batchSize": 2,
        "bootstrapServers": row.servers,
        "recordsInfo": {
            f"{stage.topic}-0": {
                "firstRecordOffset": "0",
                "lastRecordOffset": "1",
                "firstRecordTimestamp": "2018-12-17T22:10:50.987Z",
                "lastRecordTimestamp": "2018-12-17T22:10:50.987Z",
            }
        },
    }


def test_a_bucket_gets_the_event_too(stage: Stage, script: Script, parcels: list[Parcel]) -> None:
    stage.map(on_failure="arn:aws:s3:::dead", max_retries=0, members={"ProvisionedPollerConfig": PROVISIONED})
    script.answer = script.fail
    stage.put("a")
    stage.poll()
    [parcel] = parcels
    assert json.loads(parcel.body)["payload"] == script.events[0]
    assert parcel.options["key"].startswith(f"aws/lambda/{stage.row}/{stage.topic}-0/")


def test_in_provisioned_mode_a_function_names_what_failed(stage: Stage, script: Script) -> None:
    stage.map(report_failures=True, members={"ProvisionedPollerConfig": PROVISIONED})
    item = {"partition": f"{stage.topic}-0", "offset": 2}
    answers = iter([{"batchItemFailures": [{"itemIdentifier": item}]}])
    script.answer = lambda event: next(answers, None)
    stage.put(*"abcd")
    stage.poll()
    assert calls(script) == ["abcd", "cd"]


def test_in_provisioned_mode_a_poison_record_is_isolated(stage: Stage, script: Script) -> None:
    stage.map(bisect=True, max_retries=1, members={"ProvisionedPollerConfig": PROVISIONED})
    script.answer = fails_on(script, "6")
    stage.put(*"12345678")
    stage.keep_polling(3)
    assert calls(script) == ["12345678", "1234", "5678", "56", "5", "6", "6", "78"]
    assert stage.committed() == 8


def test_no_more_partitions_are_read_at_once_than_pollers_are_allowed(stage: Stage, script: Script) -> None:
    row = stage.map(partitions=3, members={"ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 1}})
    stage.poll()
    for number in range(3):
        stage.put(f"p{number}", partition=number)
    Poller.objects.update(idle_until=None)
    refused: list[bool] = []

    def answer(event: dict[str, Any]) -> None:
        if len(script.events) == 1:
            refused.append(poll.run(stage.poller(1).pk, "second"))

    script.answer = answer
    poll.run(stage.poller(0).pk, "first")
    assert (refused, calls(script)) == ([False], ["p0"])
    waiting = Poller.objects.filter(mapping=row, sent_at__isnull=False)
    assert [poller.shard for poller in waiting] == ["1"], "the next one is told"
    stage.poll()
    assert sorted(calls(script)) == ["p0", "p1", "p2"]
