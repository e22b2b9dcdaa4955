from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from invocations.flows import retention


class Command(BaseCommand):
    help = "Delete payloads, logs and invocations that are past their retention. Beat does the same once an hour."

    def handle(self, *args: Any, **options: Any) -> None:
        pruned = retention.prune()
        self.stdout.write(
            f"Deleted {pruned.payloads} payloads with their logs, {pruned.invocations} invocations "
            f"and {pruned.packages} code packages that nothing refers to."
        )
