"""`manage.py mapping`: what batches risk, beside the list and on its own."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from invocations.decisions.mapping_options import Options
from invocations.engines.sqs import queues
from invocations.engines.sqs.content import Outgoing
from invocations.engines.sqs.sending import send
from invocations.flows import mappings
from invocations.models import Mapping
from tests.admin.conftest import SCOPE, MakeFunction, home, make_function
from tests.admin.test_mappings import add_call

__all__ = ["home", "make_function"]


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("mapping", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def mapping(make_function: MakeFunction) -> Mapping:
    make_function("adder", timeout_seconds=3)
    queue = queues.create(SCOPE, "orders", {"VisibilityTimeout": "18"}, {})
    row = mappings.create(SCOPE, mappings.Draft("adder", queue.arn, Options()))
    add_call(row, 4, 2.0)
    return row


def test_the_list_has_problems_alone_and_advise_has_all(mapping: Mapping) -> None:
    over = "✕ 10 messages take up to 5.00 s, which is over the function's timeout of 3 s"
    holds = "✓ The queue's visibility timeout of 18 s is at least six times"
    listed, advised = run("list"), run("advise", mapping.uuid)
    assert over in listed and holds not in listed
    assert over in advised and holds in advised
    [shown] = json.loads(run("list", "--json"))
    assert shown["advice"] == json.loads(run("advise", mapping.uuid, "--json"))
    assert shown["advice"]["largest_safe_batch"] == 4


def test_filters_are_explained(mapping: Mapping) -> None:
    queue = queues.find_arn(mapping.source_arn)
    send(queue, [Outgoing('{"kind": "order"}')])
    pattern = '{"body": {"kind": ["invoice"]}}'
    shown = run("explain", mapping.uuid, "--pattern", pattern)
    assert 'refused: body.kind is "order"; the pattern wants ["invoice"].' in shown
    [record] = json.loads(run("explain", mapping.uuid, "--record", "text", "--json"))["records"]
    assert record["matched"] is True  # the mapping has no filters
    with pytest.raises(CommandError, match="pattern: The pattern is not JSON"):
        run("explain", mapping.uuid, "--pattern", "{")
