"""The Events tab of a function: retries, destinations, dead-letter queue, recursion."""

from __future__ import annotations

import pytest
from django.test import Client

from invocations.models import EventInvokeConfig, Function
from tests.admin.conftest import MakeFunction, let_settle

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def place(function: Function, verb: str) -> str:
    return f"/admin/invocations/function/{function.pk}/{verb}/"


def tab(console: Client, function: Function, qualifier: str = "") -> str:
    return console.get(place(function, "change") + f"?tab=events&qualifier={qualifier}").content.decode()


def save(console: Client, function: Function, **fields: str) -> tuple[int, str]:
    answer = console.post(place(function, "events-config"), {"qualifier": "$LATEST", **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_configuration_is_set_shown_and_ended(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    assert "Every qualifier has the defaults" in tab(console, function)
    status, page = save(console, function, maximum_retry_attempts="0", on_failure=QUEUE)
    assert status == 200 and QUEUE in page
    config = EventInvokeConfig.objects.get()
    assert (config.maximum_retry_attempts, config.maximum_event_age_seconds) == (0, None)
    assert (config.on_success, config.on_failure) == ("", QUEUE)
    assert 'value="0"' in tab(console, function, "$LATEST")
    assert "has the defaults again" in save(console, function)[1]
    assert EventInvokeConfig.objects.count() == 0
    assert "as before" in save(console, function)[1]


def test_a_refused_configuration_keeps_what_was_typed(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    status, page = save(console, function, maximum_retry_attempts="3", on_failure="arn:x")
    assert status == 400 and "arn:x" in page
    status, page = save(console, function, on_failure=function.arn())
    assert status == 400 and "specify the function as a destination for itself" in page
    status, page = save(console, function, qualifier="none", maximum_retry_attempts="1")
    assert status == 400 and "exist." in page
    assert EventInvokeConfig.objects.count() == 0


def test_the_dead_letter_queue_is_set_and_cleared(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    console.post(place(function, "dead-letter"), {"target": QUEUE})
    assert function.latest.dead_letter_arn == QUEUE
    assert QUEUE in tab(console, function)
    let_settle(function)
    answer = console.post(place(function, "dead-letter"), {"target": f"{QUEUE}.fifo"})
    assert answer.status_code == 400 and "a standard SQS queue" in answer.content.decode()
    console.post(place(function, "dead-letter"), {"target": ""})
    assert function.latest.dead_letter_arn == ""


def test_recursion_is_allowed_and_stopped(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    console.post(place(function, "recursion"), {"loop": "Allow"})
    function.refresh_from_db()
    assert function.recursive_loop == "Allow"
    assert console.post(place(function, "recursion"), {"loop": "Perhaps"}).status_code == 400
    function.refresh_from_db()
    assert function.recursive_loop == "Allow"


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"maximum_retry_attempts": "3"}, "maximum_retry_attempts", "Value '3' at 'maximumRetryAttempts' failed to"),
        ({"maximum_event_age_seconds": "59"}, "maximum_event_age_seconds", "Value '59' at 'maximumEventAgeInSeconds'"),
        ({"on_failure": f"{QUEUE}.fifo"}, "on_failure", "The provided destination config DestinationConfig("),
        ({"on_success": "arn:aws:s3:::bucket"}, "on_success", "The provided destination config DestinationConfig("),
        ({"qualifier": "none", "maximum_retry_attempts": "1"}, "qualifier", "exist."),
    ],
)
def test_aws_s_own_refusal_stands_beside_the_field(
    console: Client, make_function: MakeFunction, fields: dict[str, str], field: str, says: str
) -> None:
    function = make_function()
    answer = console.post(place(function, "events-config"), {"qualifier": "$LATEST", **fields})
    assert answer.status_code == 400
    form = answer.context["event_form"]
    assert list(form.errors) == [field]
    assert says in form.errors[field][0]
    assert EventInvokeConfig.objects.count() == 0
