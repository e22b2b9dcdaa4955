"""Topics from a shell."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invocations.engines.sns import subscriptions, topics
from invocations.engines.sns.subscriptions import Subscriber
from invocations.models import Publication
from invocations.values import Scope

pytestmark = pytest.mark.django_db

SCOPE = Scope("000000000000", "us-east-1")
QUEUE = "arn:aws:sqs:us-east-1:000000000000:audit"


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("topic", *arguments, stdout=output)
    return output.getvalue()


def test_topics_and_who_listens() -> None:
    assert "aws sns create-topic" in run("list")
    topic = topics.create(SCOPE, "orders", {})
    who = Subscriber(SCOPE.account, "arn:aws:iam::000000000000:root")
    subscriptions.subscribe(topic, "sqs", QUEUE, {}, who)
    subscriptions.subscribe(topic, "http", "http://127.0.0.1:1/", {}, who)
    assert run("list") == f"orders\n  sqs  {QUEUE}\n  http  http://127.0.0.1:1/  not confirmed\n"


def test_publishing(tmp_path: Any) -> None:
    topics.create(SCOPE, "t.fifo", {"FifoTopic": "true"})
    message_id = run("publish", "t.fifo", "hello", "--group", "g", "--dedup", "d", "--attribute", "a=b").strip()
    row = Publication.objects.select_related("content").get(message_id=message_id)
    assert (row.content.message, row.group, row.publisher) == ("hello", "g", "command")
    assert row.content.attributes == {"a": {"DataType": "String", "StringValue": "b"}}
    file = tmp_path / "message"
    file.write_bytes(b"from a file")
    run("publish", "t.fifo", "--file", str(file), "--group", "g", "--dedup", "e")
    assert Publication.objects.count() == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("absent", "m"), "Topic does not exist"),
        (("orders", ""), "Empty message"),
        (("orders", "m", "--attribute", "x"), "Line 1 must read NAME=value."),
        (("orders", "--file", "/absent/file"), "The file cannot be read"),
        (("orders", "m", "--dedup", "d"), "MessageDeduplicationId"),
    ],
)
def test_what_cannot_be_published(arguments: tuple[str, ...], sentence: str) -> None:
    topics.create(SCOPE, "orders", {})
    with pytest.raises(CommandError, match=sentence) as refused:
        run("publish", *arguments)
    assert refused.value.returncode == 2
    assert not Publication.objects.exists()
