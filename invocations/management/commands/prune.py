from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invocations.flows import retention


class Command(BaseCommand):
    help = (
        "Delete payloads, logs, invocations, deliveries, topics' messages and buses' events that are past their "
        "retention. Beat does the same once an hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = retention.prune()
        self.stdout.write(
            f"Deleted {pruned.payloads} payloads with their logs, {pruned.invocations} invocations, "
            f"{pruned.deliveries} deliveries that tell of none, {pruned.publications} messages of topics, "
            f"{pruned.bus_events} events of buses, {pruned.object_events} of buckets, "
            f"and {pruned.packages} code packages that nothing refers to."
        )
