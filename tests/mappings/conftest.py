"""Mappings polled by one-shot turns, with a function that is a script and a clock that a test moves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from invocations import event_queue, limits
from invocations.decisions.mapping_options import Options
from invocations.engines.sqs import queues
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.sending import send
from invocations.flows import hand_over, mappings, poll
from invocations.flows.lineage import Lineage
from invocations.models import Batch, Mapping, Message, Poller, Queue
from invocations.values import InvocationResult, InvokeRequest
from tests.engines.sqs.conftest import HandClock, hand
from tests.flows.conftest import SCOPE, Make, home, make
from tests.mappings.abroad import abroad, moto

__all__ = ["HandClock", "Script", "World", "abroad", "hand", "home", "make", "moto"]

Answer = Callable[[dict[str, Any]], Any]


class Failed(Exception):
    """The function ended with an error."""


class Script:
    """Stands for the function: keeps every event, and answers as the test says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.requests: list[InvokeRequest] = []
        self.lineages: list[Lineage | None] = []
        self.answer: Answer = lambda event: None

    def invoke(self, request: InvokeRequest, lineage: Lineage | None = None) -> InvocationResult:
        event = json.loads(request.payload)
        self.events.append(event)
        self.requests.append(request)
        self.lineages.append(lineage)
        try:
            payload = json.dumps(self.answer(event)).encode()
        except Failed:
            return InvocationResult(200, str(request.request_id), "$LATEST", b"{}", "Unhandled")
        return InvocationResult(200, str(request.request_id), "$LATEST", payload)

    def fail(self, event: dict[str, Any]) -> Any:
        raise Failed

    @property
    def bodies(self) -> list[list[str]]:
        return [[record["body"] for record in event["Records"]] for event in self.events]


class World:
    """A queue, a function and the mapping between them."""

    def __init__(self, script: Script, hand: HandClock) -> None:
        self.script = script
        self.hand = hand
        self.name = "fn"

    def queue(self, name: str = "orders", **attributes: str) -> Queue:
        return queues.create(SCOPE, name, attributes, {})

    def map(self, queue: Queue, **options: Any) -> Mapping:
        row = mappings.create(SCOPE, mappings.Draft(self.name, queue.arn, Options(**options)))
        settle()
        return mappings.get(SCOPE, row.uuid)

    def send(self, queue: Queue, *bodies: str, **more: Any) -> None:
        send(queue, [Outgoing(body, **more) for body in bodies])

    def poll(self, mapping: Mapping) -> int:
        return poll.run_all(mapping, "test")

    def left(self, queue: Queue) -> list[str]:
        return [row.content.body for row in Message.objects.filter(queue=queue).select_related("content")]

    def batches(self, mapping: Mapping) -> Sequence[Batch]:
        return list(Batch.objects.filter(mapping=mapping).select_related("content").order_by("id"))


def settle() -> None:
    """Make every change of a mapping due, as if its short while had passed."""
    Mapping.objects.update(state_since=F("state_since") - timedelta(hours=1))


def die(mapping: Mapping) -> None:
    """Let the leases of a mapping's workers run out."""
    Poller.objects.filter(mapping=mapping).update(lease_until=F("lease_until") - timedelta(hours=1))


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script()
    monkeypatch.setattr(hand_over, "invoke", made.invoke)
    return made


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, db: None, make: Make, script: Script, hand: HandClock) -> World:
    monkeypatch.setattr(event_queue, "send_poll", lambda pk: True)
    assert limits.SETTLE_SECONDS > 0
    make("fn")
    return World(script, hand)
