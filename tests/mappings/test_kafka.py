"""A topic's mapping: events, order, offsets, and brokers and workers that come and go. On librdkafka's mock cluster."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from invocations import event_queue
from invocations.decisions.mapping_options import Options
from invocations.flows import mappings, poll
from invocations.models import Batch, Poller
from invocations.models import Mapping as Row
from invocations.sources import stream
from invocations.sources.base import ShardFacts
from invocations.sources.kafka import brokers
from tests.flows.conftest import SCOPE
from tests.mappings.conftest import Script, die, settle
from tests.mappings.topics import MSK, Stage, calls, cluster, fails_on, stage, values

__all__ = ["cluster", "stage"]


def test_an_event_is_aws_s_to_the_member(stage: Stage, script: Script) -> None:
    stage.map(partitions=2)
    stage.put("hello", partition=1, key="k", headers=[("h", b"\x01\xff")], timestamp=1545084650987)
    stage.put("bare", partition=1, timestamp=1545084650988)
    stage.poll()
    [event] = script.events
    assert event == {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": stage.cluster.servers,
        "records": {
            f"{stage.topic}-1": [
                {
                    "topic": stage.topic,
                    "partition": 1,
                    "offset": 0,
                    "timestamp": 1545084650987,
                    "timestampType": "CREATE_TIME",
                    "key": "aw==",
                    "value": "aGVsbG8=",
                    "headers": [{"h": [1, -1]}],
                },
                {
                    "topic": stage.topic,
                    "partition": 1,
                    "offset": 1,
                    "timestamp": 1545084650988,
                    "timestampType": "CREATE_TIME",
                    "value": "YmFyZQ==",
                    "headers": [],
                },
            ]
        },
    }
    assert stage.result() == "OK"


def test_amazon_s_clusters_are_found_by_a_setting(stage: Stage, script: Script, settings: Any) -> None:
    settings.LAMBDAPLAY_MSK_BROKERS = {"orders": (stage.cluster.servers,)}
    stage.map(arn=MSK)
    stage.put("a")
    stage.poll()
    [event] = script.events
    assert (event["eventSource"], event["eventSourceArn"]) == ("aws:kafka", MSK)
    assert event["bootstrapServers"] == stage.cluster.servers
    assert values(event) == ["a"]


def test_batches_of_a_partition_come_in_order_and_their_offsets_are_told(stage: Stage, script: Script) -> None:
    stage.map(batch_size=3)
    stage.put(*"abcdefgh")
    stage.poll()
    assert calls(script) == ["abc", "def", "gh"]
    assert (stage.poller().checkpoint, stage.committed()) == ("7", 8)


@pytest.mark.parametrize(("position", "seen"), [("TRIM_HORIZON", "ab"), ("LATEST", "b")])
def test_where_a_mapping_starts(stage: Stage, script: Script, position: str, seen: str) -> None:
    stage.cluster.topic(stage.topic)
    stage.put("a")
    stage.join(starting_position=position)
    stage.poll()
    stage.put("b")
    stage.poll()
    assert "".join(calls(script)) == seen


def test_at_timestamp_without_a_record_begins_with_the_next(stage: Stage, script: Script) -> None:
    """The mock cluster knows no times, so what a broker finds is tried on the brokers' answer alone."""
    stage.cluster.topic(stage.topic)
    stage.put("a")
    stage.join(starting_position="AT_TIMESTAMP", starting_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    stage.poll()
    stage.put("b")
    stage.poll()
    assert calls(script) == ["b"]


def test_at_timestamp_begins_where_the_brokers_say(
    stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def offset_at(self: brokers.Brokers, partition: int, milliseconds: int) -> int:
        asked.append((partition, milliseconds))
        return 1

    monkeypatch.setattr(brokers.Brokers, "offset_at", offset_at)
    stage.cluster.topic(stage.topic)
    stage.put(*"abc")
    stage.join(starting_position="AT_TIMESTAMP", starting_timestamp=datetime(2026, 1, 1, tzinfo=UTC))
    stage.poll()
    assert (calls(script), asked) == (["bc"], [(0, 1767225600000)])


def test_a_group_that_was_there_before_goes_on_where_it_stood(stage: Stage, script: Script) -> None:
    config = {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": f"group-of-{stage.topic}"}}
    stage.map(members=config)
    stage.put(*"abc")
    stage.poll()
    mappings.delete(SCOPE, str(stage.row))
    settle()
    mappings.list_mappings(SCOPE)
    assert not Row.objects.exists()
    stage.put(*"de")
    stage.join(members=config)
    stage.poll()
    assert calls(script) == ["abc", "de"]


def test_an_offset_is_told_only_with_the_outcome(stage: Stage, script: Script) -> None:
    """While a call runs, and after it failed, the group stands where it stood."""
    stage.map(batch_size=2)
    seen: list[int] = []
    answers = iter([script.fail, script.fail])

    def answer(event: dict[str, Any]) -> Any:
        seen.append(stage.committed())
        return next(answers, lambda _: None)(event)

    script.answer = answer
    stage.put(*"abcd")
    stage.keep_polling(3)
    assert calls(script) == ["ab", "ab", "ab", "cd"]
    assert seen == [-1001, -1001, -1001, 2]
    assert stage.committed() == 4


def test_a_failing_partition_holds_up_no_other_and_skips_nothing(stage: Stage, script: Script) -> None:
    stage.map(partitions=3, batch_size=2)
    script.answer = fails_on(script, "b0")
    for number in range(5):
        for partition, name in enumerate("abc"):
            stage.put(f"{name}{number}", partition=partition)
    stage.keep_polling(2)
    done = [one for event in script.events if "b0" not in values(event) for one in values(event)]
    assert sorted(done) == sorted(f"{name}{number}" for name in "ac" for number in range(5))
    assert stage.poller(1).trouble.startswith("Called ")
    assert (stage.poller(1).checkpoint, stage.committed(1)) == ("", -1001)
    assert stage.result() == "PROBLEM: Function call failed"
    script.answer = lambda event: None
    stage.keep_polling(10)
    done = [one for event in script.events[-3:] for one in values(event)]
    assert done == [f"b{number}" for number in range(5)]
    assert [stage.committed(number) for number in range(3)] == [5, 5, 5]


def test_partitions_that_come_later_are_read_from_their_beginning(
    stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mock cannot add partitions, so the first looks see one of two."""
    source = stream("kafka", "")
    with monkeypatch.context() as early:
        early.setattr(source.__class__, "shards", lambda self, place: [ShardFacts("0")])
        stage.map(partitions=2, starting_position="LATEST")
        stage.put("old")
        stage.put("first", partition=1)
        stage.poll()
    assert script.events == []
    stage.put("new")
    stage.poll()
    assert sorted(calls(script)) == ["first", "new"]


def test_without_news_a_partition_rests_until_its_scout_wakes_it(
    stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stage.map(partitions=2)
    stage.poll()
    resting = Poller.objects.exclude(shard="")
    assert resting.filter(idle_until=None).count() == 0
    stage.put("a", partition=1)
    told: list[int] = []

    def send(pk: int) -> bool:
        told.append(pk)
        return True

    monkeypatch.setattr(event_queue, "send_poll", send)
    scout = Poller.objects.get(mapping=row, shard="")
    Poller.objects.filter(pk=scout.pk).update(idle_until=None)
    assert poll.run(scout.pk, "test")
    assert told == [stage.poller(1).pk]
    assert poll.run(stage.poller(1).pk, "test")
    assert calls(script) == ["a"]


def test_a_second_worker_takes_over_and_the_first_moves_nothing(stage: Stage, script: Script) -> None:
    """The first is taken for dead while its function runs; both partitions end with every record in order."""
    row = stage.map(partitions=2, batch_size=1)
    stage.poll()
    stage.put("a0", "a1", partition=0)
    stage.put("b0", "b1", partition=1)
    mine, other = stage.poller(0).pk, stage.poller(1).pk
    Poller.objects.update(idle_until=None)

    def overtaken(event: dict[str, Any]) -> Any:
        if len(script.events) == 1:
            die(row)
            poll.run(mine, "second")
            poll.run(other, "second")
        return None

    script.answer = overtaken
    poll.run(mine, "first")
    assert calls(script) == ["a0", "a0", "a1", "b0", "b1"]
    batches = Batch.objects.filter(mapping=row, shard="0").order_by("id")
    assert [batch.outcome for batch in batches] == ["lost", "succeeded", "succeeded"]
    assert (stage.committed(0), stage.committed(1)) == (2, 2)


def test_two_workers_share_partitions_and_one_goes_on_alone(stage: Stage, script: Script) -> None:
    row = stage.map(partitions=4, batch_size=2)
    stage.poll()
    pollers = [stage.poller(number).pk for number in range(4)]
    for round_ in range(3):
        for number in range(4):
            stage.put(*(f"p{number}r{round_}n{at}" for at in range(3)), partition=number)
        Poller.objects.update(idle_until=None)
        # One worker, then two, then the other one alone.
        runners = (["first"], ["first", "second"], ["second"])[round_]
        for at, pk in enumerate(pollers):
            assert poll.run(pk, runners[at % len(runners)])
    seen = [one for event in script.events for one in values(event)]
    for number in range(4):
        mine = [one for one in seen if one.startswith(f"p{number}")]
        assert mine == [f"p{number}r{round_}n{at}" for round_ in range(3) for at in range(3)]
    assert [stage.committed(number) for number in range(4)] == [9] * 4
    assert not Batch.objects.filter(mapping=row).exclude(outcome="succeeded").exists()


def test_who_dies_between_outcome_and_offset_is_made_good(
    stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.map()
    stage.put("a")
    with monkeypatch.context() as dying:
        dying.setattr(brokers.Brokers, "commit", lambda self, partition, offset: None)
        stage.poll()
    assert (stage.poller().checkpoint, stage.committed()) == ("0", -1001)
    stage.poll()
    assert (calls(script), stage.committed()) == (["a"], 1)


def test_brokers_that_are_away_are_a_problem_that_heals(
    stage: Stage, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "ANSWER_SECONDS", 0.5)
    row = stage.map()
    stage.put("a")
    stage.poll()
    stage.cluster.down()
    try:
        for _ in range(2):
            Poller.objects.update(idle_until=None)
            stage.world.poll(row)
        scout = Poller.objects.get(mapping=row, shard="")
        assert stage.result().startswith(f"PROBLEM: The Kafka brokers {stage.cluster.servers} cannot be used: ")
        assert scout.troubles == 2
        assert scout.idle_until is not None
    finally:
        stage.cluster.up()
    stage.put("b")
    Poller.objects.filter(pk=scout.pk).update(idle_until=None)
    poll.run(scout.pk, "test")
    assert stage.result() == "OK"
    stage.poll()
    assert calls(script) == ["a", "b"]


def test_a_topic_that_is_missing_is_a_problem_until_it_is_made(stage: Stage, script: Script) -> None:
    stage.join()
    stage.poll()
    assert stage.result() == f"PROBLEM: The topic {stage.topic} does not exist."
    stage.cluster.topic(stage.topic)
    stage.put("a")
    stage.poll()
    assert (calls(script), stage.result()) == (["a"], "OK")


def test_disabled_and_enabled_again_it_goes_on_at_its_checkpoint(stage: Stage, script: Script) -> None:
    row = stage.map(starting_position="LATEST")
    stage.poll()
    stage.put("a")
    stage.poll()
    for enabled in (False, True):
        mappings.update(SCOPE, row.uuid, Options(enabled=enabled))
        settle()
        stage.put("c" if enabled else "b")
        stage.row = mappings.get(SCOPE, row.uuid)
        stage.poll()
    assert "".join(calls(script)) == "abc"


def test_records_that_nobody_read_in_time_are_told_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock keeps all; so the brokers' answer says that the first five are gone, and nothing came since."""
    stage.map()
    stage.put("a")
    stage.poll()
    monkeypatch.setattr(brokers.Brokers, "range", lambda self, partition: (5, 5))
    stage.poll()
    stage.poll()
    assert stage.poller().checkpoint == "4"
    [batch] = Batch.objects.filter(mapping=stage.row, outcome="expired")
    assert batch.reason == "4 records were past the stream's retention before they were read"


def test_a_topic_made_anew_is_read_from_its_beginning(stage: Stage, script: Script) -> None:
    stage.map()
    stage.put("a")
    stage.poll()
    Poller.objects.filter(mapping=stage.row, shard="0").update(checkpoint="99")
    stage.poll()
    assert calls(script) == ["a", "a"]
