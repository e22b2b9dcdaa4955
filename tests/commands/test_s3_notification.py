"""Rules of buckets from a shell."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from invocations.engines.sns import topics
from invocations.engines.sqs import queues
from invocations.flows import bucket_rules, buckets, permissions
from invocations.models import Bucket, Delivery, Queue, Topic
from invocations.values import Scope
from tests.admin.conftest import MakeFunction, home, make_function

__all__ = ["home", "make_function"]

pytestmark = pytest.mark.django_db

SCOPE = Scope("000000000000", "us-east-1")
QUEUE, TOPIC = "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sns:us-east-1:000000000000:t"
PERMITTED = "it lets s3.amazonaws.com in for arn:aws:s3:::uploads."


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("s3_notification", *arguments, stdout=output)
    return output.getvalue()


def test_a_rule_for_a_function_brings_its_permission(make_function: MakeFunction) -> None:
    make_function("resize")
    said = run("add", "uploads", "resize", "--id", "mine", "--prefix", "in/", "--suffix", ".png").splitlines()
    sid = bucket_rules.statement_id("uploads")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:resize"
    assert said == ["mine", f"The policy of {arn} has a new statement, {sid}: {PERMITTED}"]
    statement = json.loads(permissions.get(SCOPE, "resize", None)[0])["Statement"][0]
    assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": "000000000000"}
    assert run("add", "uploads", "resize", "--event", "s3:ObjectRemoved:*", "--id", "gone") == "gone\n"
    assert run("list").splitlines() == [
        "uploads  us-east-1",
        "  mine  s3:ObjectCreated:*  to lambda resize  prefix 'in/'  suffix '.png'",
        "  gone  s3:ObjectRemoved:*  to lambda resize",
    ]
    run("remove", "uploads", "mine")
    assert "mine" not in run("list")


@pytest.mark.parametrize("arn", [QUEUE, TOPIC])
def test_a_rule_for_a_queue_or_topic_writes_its_policy(arn: str) -> None:
    queues.create(SCOPE, "q", {}, {})
    topics.create(SCOPE, "t", {})
    assert PERMITTED in run("add", "uploads", arn)
    rule = buckets.get(SCOPE.account, "uploads").rules[0]
    assert buckets.problem(rule, SCOPE, "uploads") == ""
    assert buckets.problem(rule, SCOPE, "another") != ""
    assert Delivery.objects.get().destination == arn  # the test event


def test_eventbridge_is_switched() -> None:
    run("add", "uploads", "eventbridge")
    assert run("list").splitlines()[1] == "  eventbridge  everything  to the default bus"
    run("remove", "uploads", "eventbridge")
    assert run("list").startswith("No bucket tells anybody.")


def test_a_refusal_leaves_nothing_behind() -> None:
    queues.create(SCOPE, "q", {}, {})
    topics.create(SCOPE, "t", {})
    run("add", "uploads", QUEUE)
    for arguments, sentence in (
        (("uploads", TOPIC), "Configurations overlap"),
        (("uploads", "missing", "--event", "s3:ObjectRemoved:*"), "Function not found"),
        (("uploads", QUEUE.replace(":q", ":none"), "--event", "s3:ObjectRemoved:*"), "does not exist"),
        (("Uploads", QUEUE), "cannot be a bucket's name"),
        (("other", QUEUE, "--event", "s3:Replication:*"), "does not offer the event s3:Replication:*"),
        (("uploads", "eventbridge", "--prefix", "a"), "EventBridge gets every change"),
    ):
        with pytest.raises(CommandError) as refused:
            run("add", *arguments)
        assert (refused.value.returncode, sentence in str(refused.value)) == (2, True), str(refused.value)
    assert len(Bucket.objects.get().rules) == 1
    assert Topic.objects.get().policy == ""
    assert Queue.objects.get().policy != ""
    with pytest.raises(CommandError, match="has no rule nonsense"):
        run("remove", "uploads", "nonsense")
