"""What a function sends into a queue goes on with its chain, and a chain that is too long is cut at the mapping."""

from __future__ import annotations

import json

from invocations import limits
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.sending import send
from invocations.flows.lineage import Lineage
from invocations.models import Function
from tests.mappings.conftest import Script, World


def test_a_batch_goes_on_with_its_messages_longest_chain_and_with_the_trace_they_share(
    world: World, script: Script
) -> None:
    queue = world.queue()
    mapping = world.map(queue)
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-00000000-000000000000000000000001"}}
    send(queue, [Outgoing("a", hops=2, caused_by="two", system_attributes=trace)])
    send(queue, [Outgoing("b", hops=5, caused_by="five", system_attributes=trace)])
    world.poll(mapping)
    assert script.lineages == [Lineage(5, "five")]
    assert script.requests[0].trace_header == trace["AWSTraceHeader"]["StringValue"]
    send(queue, [Outgoing("a", system_attributes=trace), Outgoing("no trace")])
    world.poll(mapping)
    assert script.lineages[1] == Lineage(0, "")
    assert script.requests[1].trace_header is None, "of two traces none is gone on with"


def test_a_loop_s_messages_are_not_handed_over_and_die_by_the_queue_s_own_redrive(world: World, script: Script) -> None:
    dead = world.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    queue = world.queue(RedrivePolicy=redrive, VisibilityTimeout="30")
    mapping = world.map(queue)
    send(queue, [Outgoing("innocent"), Outgoing("looping", hops=limits.CHAIN_MAX), Outgoing("near", hops=15)])
    world.poll(mapping)
    assert script.bodies == [["innocent", "near"]]
    [batch] = world.batches(mapping)
    assert (batch.outcome, batch.failed) == ("partial", 1)
    assert "loop" in batch.reason
    for _ in range(2):
        world.hand.advance(31)
        world.poll(mapping)
    assert script.bodies == [["innocent", "near"]], "never"
    assert (world.left(queue), world.left(dead)) == ([], ["looping"])


def test_a_loop_is_handed_over_where_the_function_allows_it(world: World, script: Script) -> None:
    Function.objects.update(recursive_loop="Allow")
    queue = world.queue()
    mapping = world.map(queue)
    send(queue, [Outgoing("looping", hops=limits.CHAIN_MAX)])
    world.poll(mapping)
    assert script.bodies == [["looping"]]
    assert world.left(queue) == []
