"""`queue create | redrive | list`: what the command makes and refuses."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from invocations.engines import sqs
from invocations.models import MoveTask, Queue

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("queue", *arguments, stdout=output)
    return output.getvalue()


def test_a_queue_is_made_found_again_and_listed() -> None:
    assert run("create", "dead") == "/000000000000/dead\n"
    made = json.loads(run("create", "work", "--dead-letter-queue", "dead", "--max-receives", "1", "--json"))
    assert json.loads(made["RedrivePolicy"])["maxReceiveCount"] == 1
    assert run("create", "dead") == "/000000000000/dead\n"
    run("create", "in.fifo", "--fifo", "--visibility", "0")
    assert Queue.objects.get(name="in.fifo").visibility_seconds == 0
    assert [one["name"] for one in json.loads(run("list", "--json"))] == ["dead", "in.fifo", "work"]


def test_dead_letters_are_sent_back() -> None:
    run("create", "dead")
    run("create", "work", "--dead-letter-queue", "dead", "--max-receives", "1")
    sqs.send(Queue.objects.get(name="dead").arn, "x")
    assert run("redrive", "dead", "--to", "work", "--rate", "10") == "1 message on the way.\n"
    task = MoveTask.objects.get()
    assert (task.destination_arn.rpartition(":")[2], task.rate) == ("work", 10)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "no spaces"), "Can only include alphanumeric characters"),
        (("create", "x", "--fifo"), "should end with '.fifo'"),
        (("create", "x", "--visibility", "43201"), "visibility: Ensure this value is less than or equal to 43200"),
        (("create", "x", "--max-receives", "3"), "Name the queue"),
        (("create", "x", "--dead-letter-queue", "nope", "--max-receives", "3"), "nope"),
        (("redrive", "nope"), "does not exist"),
        (("redrive", "plain"), "must be configured as a Dead Letter Queue"),
    ],
)
def test_a_bad_queue_is_a_sentence_and_no_row(arguments: tuple[str, ...], says: str) -> None:
    run("create", "plain")
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2
    assert says in str(refusal.value)
    assert Queue.objects.count() == 1
    assert MoveTask.objects.count() == 0
