"""What of the outbox is forgotten, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from invocations import clock
from invocations.flows import parcels, retention
from invocations.models import Delivery, DeliveryBody
from tests.flows.test_outbox import parcel

pytestmark = pytest.mark.django_db


def test_old_parcels_are_forgotten_and_undeliverable_ones_keep_their_body(settings: Any) -> None:
    settings.LAMBDAPLAY_KEEP_PAYLOADS_DAYS, settings.LAMBDAPLAY_KEEP_ROWS_DAYS = 14, 90
    ages = {"young": 1, "fortnight": 15, "failed": 15, "old": 91, "waiting": 91}
    for key, days in ages.items():
        [pk] = parcels.write([parcel(key=key)])
        state = {"failed": "FAILED", "waiting": "PENDING"}.get(key, "SENT")
        Delivery.objects.filter(pk=pk).update(written_at=clock.real() - timedelta(days=days), state=state)
    assert retention.prune().deliveries == 1
    assert set(Delivery.objects.values_list("key", flat=True)) == set(ages) - {"old"}
    bodies = DeliveryBody.objects.values_list("delivery__key", flat=True)
    assert set(bodies) == {"young", "failed", "waiting"}
