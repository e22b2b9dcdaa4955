"""Mappings in the console: the list, a mapping's lanes and batches, and one batch with each record's fate."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from invocations import clock
from invocations.engines.sqs import queues
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.sending import send
from invocations.models import Batch, BatchRecords, Mapping, Poller
from invocations.values import Outcome
from tests.admin.conftest import SCOPE, MakeFunction, record
from tests.engines.sqs.conftest import HandClock, hand

__all__ = ["hand"]

pytestmark = pytest.mark.django_db

LIST = "/admin/invocations/mapping/"


@pytest.fixture
def mapping() -> Mapping:
    now = clock.now()
    return Mapping.objects.create(
        uuid="6d0d84aa-0000-4000-8000-000000000000",
        account="000000000000",
        region="us-east-1",
        function="adder",
        source="sqs",
        source_arn="arn:aws:sqs:us-east-1:000000000000:orders",
        state="Enabled",
        state_since=clock.real(),
        enabled=True,
        batch_size=10,
        pollers_wanted=1,
        created_at=now,
        last_modified=now,
    )


def add_batch(mapping: Mapping, outcome: str, *fates: str, **more: object) -> Batch:
    row = Batch.objects.create(
        mapping=mapping, state="ENDED", outcome=outcome, records=len(fates), opened_at=clock.now(), **more
    )
    records = [{"id": f"m{at}", "fate": fate, "why": "kind is 1."} for at, fate in enumerate(fates)]
    BatchRecords.objects.create(batch=row, records=records)
    return row


def test_an_empty_list_says_how_to_make_one(console: Client) -> None:
    assert "aws lambda create-event-source-mapping" in console.get(LIST).content.decode()


def test_the_list_shows_what_is_wrong(console: Client, mapping: Mapping) -> None:
    Mapping.objects.update(last_result="PROBLEM: The function, version or alias does not exist.")
    page = console.get(LIST).content.decode()
    assert "orders" in page
    assert "PROBLEM: The function, version or alias does not exist." in page
    [row] = console.get(LIST + "?format=json").json()["mappings"]
    assert row["source"] == mapping.source_arn


def test_a_mapping_s_lanes_and_batches_have_sentences(console: Client, mapping: Mapping) -> None:
    Poller.objects.create(mapping=mapping, slot=0, due_at=clock.now(), trouble="Throttled: no concurrency was left.")
    add_batch(mapping, "failed", "failed", "failed", reason="an itemIdentifier is empty", failed=2)
    page = console.get(f"{LIST}{mapping.pk}/change/").content.decode()
    assert "Throttled: no concurrency was left." in page
    assert "All 2 messages count as failed: an itemIdentifier is empty." in page
    shown = console.get(f"{LIST}{mapping.pk}/change/?format=json").json()
    assert [(one["name"], one["state"]) for one in shown["pollers"]] == [("poller 0", "blocked")]


def test_a_batch_tells_the_fate_of_each_record(console: Client, mapping: Mapping) -> None:
    batch = add_batch(mapping, "partial", "done", "failed", "filtered", failed=1, filtered=1)
    answer = console.get(f"{LIST}{mapping.pk}/batches/{batch.pk}/?format=json").json()
    assert [one["fate"] for one in answer["records"]] == ["done", "failed", "filtered"]
    assert answer["records"][2]["sentence"] == "Did not pass the filters: kind is 1. Deleted."
    page = console.get(f"{LIST}{mapping.pk}/batches/{batch.pk}/").content.decode()
    assert "Comes back to the queue." in page
    assert console.get(f"{LIST}{mapping.pk}/batches/{batch.pk + 1}/").status_code == 404


def test_who_may_not_see_them_does_not(client: Client, mapping: Mapping) -> None:
    assert client.get(LIST).status_code == 302
    assert client.post(f"{LIST}{mapping.pk}/switch/").status_code == 302


def test_a_refused_switch_says_why(console: Client, mapping: Mapping) -> None:
    answer = console.post(f"{LIST}{mapping.pk}/switch/", {"enabled": "0"})
    assert answer.status_code == 400
    assert "Function does not exist" in answer.content.decode()


def test_a_topic_s_lanes_are_its_partitions_and_the_scout(console: Client, mapping: Mapping) -> None:
    Mapping.objects.update(
        source="kafka",
        source_arn="",
        servers="kafka:1000",
        topic="visits",
        consumer_group="mine",
        access=[["VPC_SUBNET", "subnet:a"]],
        window_seconds=None,
        on_failure="arn:aws:s3:::dead",
    )
    for shard in ("", "0"):
        Poller.objects.create(mapping=mapping, shard=shard, due_at=clock.now())
    batch = add_batch(mapping, "failed", "given up", reason="RetryAttemptsExhausted", shard="0", attempt=11, failed=1)
    assert "visits" in console.get(LIST + "?name=kafka:1").content.decode()
    page = console.get(f"{LIST}{mapping.pk}/change/").content.decode()
    for text in ("kafka:1000", "mine", "subnet:a", "500 ms (default)", "Asks the brokers every second"):
        assert text in page
    assert "MaximumRetryAttempts is 10. The on-failure destination is told, if there is one, and the partition" in page
    shown = console.get(f"{LIST}{mapping.pk}/change/?format=json").json()
    assert shown["source"] == "kafka:1000 visits"
    assert [lane["name"] for lane in shown["pollers"]] == ["scout", "partition 0"]
    assert "Offset" in console.get(f"{LIST}{mapping.pk}/batches/{batch.pk}/").content.decode()


def add_call(mapping: Mapping, records: int, seconds: float, outcome: Outcome = Outcome.SUCCESS) -> None:
    """A batch with the invocation that it was."""
    made = record("adder", outcome=outcome, duration_us=round(seconds * 1_000_000))
    add_batch(mapping, "succeeded", *["done"] * records, request_id=made.request_id, payload_bytes=200 * records)


def test_the_advisor_says_what_breaks(console: Client, mapping: Mapping, make_function: MakeFunction) -> None:
    make_function("adder", timeout_seconds=3)
    queues.create(SCOPE, "orders", {"VisibilityTimeout": "10"}, {})
    for records, seconds in ((1, 0.5), (4, 2.0)):
        add_call(mapping, records, seconds)
    add_call(mapping, 5, 0.001, Outcome.FUNCTION_ERROR)  # ended early: says nothing of how long five take
    place = f"{LIST}{mapping.pk}/change/"
    found = console.get(place + "?format=json").json()["advice"]
    assert [(one["about"], one["kind"]) for one in found["findings"]] == [
        ("timeout", "bad"),
        ("visibility", "warn"),
        ("largest", None),
    ]
    assert (found["largest_safe_batch"], found["calls_measured"]) == (4, 2)
    page = console.get(place).content.decode()
    assert "10 messages take up to 5.00 s, which is over the function&#x27;s timeout of 3 s" in page
    assert "Set it to 18 s." in page


def test_the_advisor_has_nothing_to_say_without_calls_or_function(console: Client, mapping: Mapping) -> None:
    [only] = console.get(f"{LIST}{mapping.pk}/change/?format=json").json()["advice"]["findings"]
    assert only["sentence"].startswith("The function is gone")


def test_the_explainer_shows_visible_messages_and_says_what_is_wrong(console: Client, mapping: Mapping) -> None:
    place = f"{LIST}{mapping.pk}/filter/"
    assert "The specified queue does not exist" in console.get(place).content.decode()
    queue = queues.create(SCOPE, "orders", {}, {})
    send(queue, [Outgoing('{"kind": "<b>order"}'), Outgoing('{"kind": "invoice"}')])
    Mapping.objects.update(filters=['{"body": {"kind": ["invoice"]}}'])
    page = console.get(place).content.decode()
    assert "Of 2 messages, 1 matches; refused: 1, by body.kind (1)." in page
    assert "&lt;b&gt;order" in page
    tried = console.post(place + "?format=json", {"pattern": '[{"body": {"kind": ["a"]}}, {"body": ["text"]}]'}).json()
    assert [[one["leaf"] for one in record["refusals"]] for record in tried["records"]] == [["body.kind", "body"]] * 2
    pasted = console.post(place, {"pattern": '{"body": {"kind": ["a"]}}', "record": '{"kind": "b"}'}).content.decode()
    assert "body.kind is &quot;b&quot;; the pattern wants [&quot;a&quot;]." in pasted


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{", "The pattern is not JSON"),
        ('{"body": "x"}', "must be an object or an array"),
        ("[1]", "The pattern 1 is not valid"),
        (f"[{', '.join(['{}'] * 6)}]", "A mapping takes 5 filters at most; these are 6."),
    ],
)
def test_a_bad_pattern_is_explained_itself(console: Client, mapping: Mapping, pattern: str, says: str) -> None:
    answer = console.post(f"{LIST}{mapping.pk}/filter/", {"pattern": pattern})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    refused = console.post(f"{LIST}{mapping.pk}/filter/?format=json", {"pattern": pattern})
    assert (refused.status_code, says in refused.json()["message"]) == (400, True)


def test_throughput_is_counted_by_when_calls_ended(console: Client, mapping: Mapping, hand: HandClock) -> None:
    place = f"{LIST}{mapping.pk}/change/"
    assert "No call ended in this time." in console.get(place).content.decode()
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    for ended, count, failed in ((minute, 90, 0), (minute, 30, 4), (minute - timedelta(minutes=59), 6, 6)):
        add_batch(mapping, "x", *["done"] * count, failed=failed, ended_at=ended, request_id="r")
    add_batch(mapping, "succeeded", "done", ended_at=minute - timedelta(minutes=60), request_id="r")  # too long ago
    add_batch(mapping, "filtered", "filtered", ended_at=minute)  # no call
    shown = console.get(place, {"format": "json"}).json()["throughput"]
    assert (shown["bucket_seconds"], len(shown["buckets"])) == (60, 60)
    ends = [(one["records"], one["failed"], one["batches"]) for one in (shown["buckets"][0], shown["buckets"][-1])]
    assert ends == [(6, 6, 1), (120, 4, 2)]
    assert sum(one["batches"] for one in shown["buckets"]) == 3
    page = console.get(place).content.decode()
    assert "Records per second, 2 at most" in page
    assert f"{minute:%H:%M:%S} UTC: 120 records (2/s), 4 failed; 2 batches" in page
    day = console.get(place, {"format": "json", "span": "24h"}).json()["throughput"]
    assert (day["bucket_seconds"], len(day["buckets"])) == (600, 144)
    assert sum(one["records"] for one in day["buckets"]) == 127
