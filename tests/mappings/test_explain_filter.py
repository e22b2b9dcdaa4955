"""The filter explainer looks at records where they are: no receive is counted, no place moves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.engines.kinesis import putting
from invocations.engines.kinesis.putting import Entry
from invocations.flows.explain_filter import BadRecord, answer_document, explain
from invocations.models import Mapping, Message, Poller, Stream
from invocations.sources import dynamodb
from tests.mappings.conftest import World
from tests.mappings.streaming import Rides, put, rides, stream
from tests.mappings.topics import Stage, cluster, stage

__all__ = ["cluster", "rides", "stage", "stream"]


def outcome(row: Mapping, pattern: dict[str, Any], pasted: str = "") -> list[tuple[Any, list[str]]]:
    """Of each record what tells it, and by which leaves it was refused."""
    answer = explain(row, [json.dumps(pattern)], pasted)
    assert answer.trouble == ""
    return [(one.view, [refusal.leaf for refusal in explained.refusals]) for one, explained in answer.records]


def test_visible_messages_are_explained_where_they_lie(world: World) -> None:
    queue = world.queue()
    mapping = world.map(queue, filters=('{"body": {"kind": ["order"]}}',))
    world.send(queue, '{"kind": "order"}', '{"kind": "invoice"}', "text")
    world.send(queue, '{"kind": "order"}', delay=60)  # nobody would get it now
    before = list(Message.objects.order_by("id").values())
    found = outcome(mapping, {"body": {"kind": ["order"]}})
    assert [(view["body"], leaves) for view, leaves in found] == [
        ({"kind": "order"}, []),
        ({"kind": "invoice"}, ["body.kind"]),
        ("text", ["body"]),
    ]
    assert found[0][0]["attributes"]["ApproximateReceiveCount"] == "1"  # as the poller's receive would count
    assert list(Message.objects.order_by("id").values()) == before
    world.poll(mapping)  # the pollers judge as the explainer did
    assert [record["body"] for event in world.script.events for record in event["Records"]] == ['{"kind": "order"}']


def test_the_latest_records_of_a_stream_are_explained_and_stay(rides: Rides, stream: Stream) -> None:
    mapping = rides()
    put(stream, *(json.dumps({"n": n}) for n in range(60)))
    putting.put(stream, [Entry(b"\xff", "k")])
    before = list(Poller.objects.values())
    found = outcome(mapping, {"partitionKey": [{"exists": True}], "data": {"n": [{"numeric": [">=", 58]}]}})
    assert [view["data"] for view, _ in found[:3]] == ["", {"n": 59}, {"n": 58}]
    assert [leaves for _, leaves in found[:4]] == [["data"], [], [], ["data.n"]]
    assert len(found) == 50
    assert list(Poller.objects.values()) == before


def test_the_latest_records_of_a_topic_are_explained(stage: Stage) -> None:
    row = stage.map(partitions=2)
    stage.put("old", partition=0, timestamp=1545084650987)
    stage.put('{"n": 1}', partition=1, timestamp=1545084650988)
    found = outcome(row, {"value": {"n": [1]}})
    assert [(view["value"], leaves) for view, leaves in found] == [({"n": 1}, []), ("old", ["value"])]
    assert stage.committed() < 0
    [(view, _)] = outcome(row, {"value": {"n": [1]}}, '{"topic": "t", "partition": 0, "value": "eyJuIjogMX0="}')
    assert view["value"] == {"n": 1}


def test_the_latest_records_of_a_table(rides: Rides, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = rides()
    Mapping.objects.update(source="dynamodb", source_arn="arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1")
    mapping.refresh_from_db()
    records = [
        {
            "eventID": "e",
            "eventName": name,
            "awsRegion": "us-east-1",
            "dynamodb": {"SequenceNumber": str(at), "StreamViewType": "KEYS_ONLY", "Keys": {"id": {"S": name}}},
        }
        for at, name in enumerate(("INSERT", "MODIFY"), 1)
    ]

    def page(arn: str, shard: str, after: str, limit: int) -> dict[str, Any]:
        return {"Records": [one for one in records if int(one["dynamodb"]["SequenceNumber"]) > int(after or 0)]}  # type: ignore[index]

    monkeypatch.setattr(dynamodb, "_describe", lambda arn: {"Shards": [{"ShardId": "s"}]})
    monkeypatch.setattr(dynamodb, "_records", page)
    found = outcome(mapping, {"eventName": ["INSERT"]})
    assert {view["eventName"]: leaves for view, leaves in found} == {"INSERT": [], "MODIFY": ["eventName"]}
    with pytest.raises(BadRecord, match="is a JSON object"):
        explain(mapping, [], "text")


@pytest.mark.parametrize(
    ("pasted", "leaves"),
    [
        ('{"kind": "order"}', [[]]),
        ('{"kind": "invoice"}', [["body.kind"]]),
        (json.dumps({"Records": [{"messageId": "m", "body": '{"kind": "order"}'}, {"messageId": "n", "body": "x"}]}),
         [[], ["body"]]),
    ],
)  # fmt: skip
def test_pasted_messages(world: World, pasted: str, leaves: list[list[str]]) -> None:
    mapping = world.map(world.queue())
    assert [found for _, found in outcome(mapping, {"body": {"kind": ["order"]}}, pasted)] == leaves


def test_pasted_records_of_a_stream(rides: Rides, stream: Stream) -> None:
    mapping = rides()
    record = {"kinesis": {"data": "eyJuIjogMX0=", "partitionKey": "k"}, "eventSource": "aws:kinesis"}
    pattern = {"partitionKey": ["k"], "data": {"n": [1]}}
    [(_, leaves)] = outcome(mapping, pattern, json.dumps(record))
    assert leaves == []
    for wrong in ({"kinesis": {"data": "?"}}, {"eventSource": "aws:kinesis"}):
        with pytest.raises(BadRecord, match="cannot be read as one of this source"):
            explain(mapping, [], json.dumps(wrong))


def test_a_source_that_is_gone_is_said(world: World) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    queue.delete()
    shown = answer_document(explain(mapping, []))
    assert "The specified queue does not exist" in shown["sentence"]
    assert shown["records"] == []
