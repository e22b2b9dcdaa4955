"""DeadLetterConfig: set, cleared, frozen with a version, refused."""

from __future__ import annotations

import pytest

from invocations.errors import InvalidParameterValue, UnsupportedOption, ValidationException
from invocations.flows import drafts, functions, versions
from invocations.flows.functions import ConfigurationChanges, find
from tests.flows.conftest import SCOPE, Make, let_settle, refused

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:dead"


def change(arn: str) -> None:
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(dead_letter_arn=arn))
    let_settle()


def kept(qualifier: str | None = None) -> str:
    return find(SCOPE, "fn", qualifier).version.dead_letter_arn


def test_a_queue_is_set_at_creation_changed_and_cleared(make: Make) -> None:
    make(dead_letter_arn=QUEUE)
    assert kept() == QUEUE
    change(f"{QUEUE}-2")
    assert kept() == f"{QUEUE}-2"
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(description="other"))
    let_settle()
    assert kept() == f"{QUEUE}-2"
    change("")
    assert kept() == ""


def test_a_version_keeps_the_queue_it_was_published_with(make: Make) -> None:
    make(dead_letter_arn=QUEUE, publish=True)
    change("")
    assert (kept(), kept("1")) == ("", QUEUE)
    assert versions.publish_version(SCOPE, "fn").version == "2"
    assert kept("2") == ""


def test_requests_are_read_as_aws_writes_them() -> None:
    request = {"FunctionName": "fn", "DeadLetterConfig": {"TargetArn": QUEUE}}
    assert drafts.changes_from_request(request).dead_letter_arn == QUEUE
    assert drafts.changes_from_request({**request, "DeadLetterConfig": {"TargetArn": ""}}).dead_letter_arn == ""
    assert drafts.changes_from_request({**request, "DeadLetterConfig": {}}).dead_letter_arn is None
    assert drafts.changes_from_request({"FunctionName": "fn"}).dead_letter_arn is None


@pytest.mark.parametrize(
    "arn",
    [
        f"{QUEUE}.fifo",
        "arn:aws:sns:us-east-1:000000000000:topic.fifo",
        "arn:aws:lambda:us-east-1:000000000000:function:f",
        "arn:aws:s3:::bucket",
    ],
)
def test_only_standard_queues_and_topics_take_dead_letters(make: Make, arn: str) -> None:
    make()
    assert arn in refused(InvalidParameterValue, lambda: change(arn))
    assert kept() == ""


def test_what_is_no_arn_violates_a_constraint(make: Make) -> None:
    make()
    text = refused(ValidationException, lambda: change("nonsense"))
    assert text.startswith("1 validation error detected: Value 'nonsense' at 'deadLetterConfig.targetArn'")


def test_services_that_are_not_here_are_refused_by_name(make: Make) -> None:
    from invocations.destinations import registry

    make()
    if "sns" in registry():
        change("arn:aws:sns:us-east-1:000000000000:topic")
        assert kept() == "arn:aws:sns:us-east-1:000000000000:topic"
    else:
        found = refused(UnsupportedOption, lambda: change("arn:aws:sns:us-east-1:000000000000:topic"))
        assert "sns" in found
