"""A queue against a model of it: whatever is sent, received, deleted and waited for, in any order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invocations.engines import sqs
from invocations.engines.sqs import queues, removal, settling
from invocations.models import Queue
from tests.engines.sqs.conftest import HandClock, MakeQueue

VISIBILITY = 10
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.sampled_from("abc")),
        st.tuples(st.just("receive"), st.integers(1, 4)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("show"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.sampled_from([1, 5, 10])),
    ),
    max_size=25,
)


class Model:
    """Messages in order: [body, group, visible at, receive count, handle of the newest receive]."""

    def __init__(self, fifo: bool) -> None:
        self.fifo = fifo
        self.now = 0.0
        self.messages: list[list[Any]] = []
        self.sent = 0

    def visible(self) -> list[list[Any]]:
        busy = {m[1] for m in self.messages if m[2] > self.now}
        return [m for m in self.messages if m[2] <= self.now and not (self.fifo and m[1] in busy)]

    def in_flight(self) -> list[list[Any]]:
        return [m for m in self.messages if m[2] > self.now]


@pytest.mark.parametrize("name", ["model", "model.fifo"])
def test_a_queue_does_what_its_model_does(make_queue: MakeQueue, hand: HandClock, name: str) -> None:
    queue = make_queue(name, VisibilityTimeout=str(VISIBILITY))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def runs(steps: list[tuple[str, Any]]) -> None:
        removal.empty(queue)
        model = Model(queue.fifo)
        for verb, argument in steps:
            _step(queue, hand, model, verb, argument)
            counts = queues.counts(queue)
            assert counts.in_flight == len(model.in_flight())
            assert counts.visible == len(model.messages) - len(model.in_flight())

    runs()


_unique = iter(range(10**9))


def _step(queue: Queue, hand: HandClock, model: Model, verb: str, argument: Any) -> None:
    if verb == "send":
        body = str(next(_unique))
        sqs.send(queue.arn, body, group=argument, dedup=body if queue.fifo else None)
        model.messages.append([body, argument, model.now, 0, ""])
    elif verb == "receive":
        _receive(queue, model, argument)
    elif verb == "wait":
        hand.advance(argument)
        model.now += argument
    elif model.in_flight():
        held = model.in_flight()
        message = held[argument % len(held)]
        if verb == "delete":
            assert sqs.delete(queue.arn, [message[4]]) == [None]
            model.messages.remove(message)
        else:
            settling.change_visibility(queue, message[4], 0)
            message[2] = model.now


def _receive(queue: Queue, model: Model, most: int) -> None:
    expected = model.visible()
    got = sqs.receive(queue.arn, most)
    assert len(got) == min(most, len(expected))
    by_body = {message[0]: message for message in expected}
    bodies = [one.row.content.body for one in got]
    assert set(bodies) <= set(by_body)
    if model.fifo:
        assert bodies == [message[0] for message in expected[:most]]
    for one in got:
        message = by_body[one.row.content.body]
        message[2], message[3], message[4] = model.now + VISIBILITY, message[3] + 1, one.handle
        assert one.row.receive_count == message[3]
