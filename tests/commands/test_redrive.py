"""`redrive`: what could not be delivered is sent again."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invocations.models import Delivery
from tests.flows.outbox import finished_event, pending

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"


def redrive(*arguments: str) -> str:
    out = StringIO()
    call_command("redrive", *arguments, stdout=out)
    return out.getvalue()


def failed(**more: Any) -> Delivery:
    return pending(QUEUE, state="FAILED", tries=5, **more)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_every_undeliverable_one_of_the_region_is_revived() -> None:
    first, second = failed(), failed()
    pending(QUEUE, state="SENT")
    failed(invocation=finished_event(region="eu-west-1"))
    assert redrive("--undeliverable") == (
        f"{first.pk} pending {QUEUE}\n{second.pk} pending {QUEUE}\n2 of 2 will be sent again.\n"
    )
    assert states() == ["PENDING", "PENDING", "SENT", "FAILED"]
    assert redrive("--undeliverable") == "0 of 0 will be sent again.\n"


def test_one_is_revived_by_its_id() -> None:
    failed()
    row = failed()
    redrive("--delivery", str(row.pk))
    assert states() == ["FAILED", "PENDING"]


def test_what_cannot_be_sent_again_is_refused() -> None:
    row = pending(QUEUE, state="SENT")
    for wanted in (row.pk, 999_999):
        with pytest.raises(CommandError) as caught:
            redrive("--delivery", str(wanted))
        assert caught.value.returncode == 2
    with pytest.raises(CommandError):
        redrive()
