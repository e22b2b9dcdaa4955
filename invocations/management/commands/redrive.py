"""Send again what could not be delivered."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows import deliver
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Delivery
from invocations.values import Scope


class Command(RefusingCommand):
    help = (
        "Give undeliverable deliveries a new try, at once and for six hours more. A running server sends them; without "
        "one they wait for it. Prints the id, state and destination of each."
    )

    examples = ("redrive --undeliverable", "redrive --delivery 42", "redrive --undeliverable --json")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--delivery", type=int, metavar="ID", help="this one; one that waits is hurried")
        which.add_argument(
            "--undeliverable", action="store_true", help="every undeliverable one of the account and region"
        )

        parser.add_argument("--json", action="store_true", help="print the list as JSON")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        wanted = options["delivery"]
        rows = Delivery.objects.order_by("id")
        if wanted is None:
            mine = {"account": scope.account, "region": scope.region}
            rows = rows.filter(state=Delivery.State.FAILED, **mine)
        else:
            rows = rows.filter(pk=wanted)
        found = list(rows.values_list("pk", "destination"))
        if not found and wanted is not None:
            raise Refused(f"There is no delivery {wanted}.")
        done = [(pk, destination, deliver.replay(pk)) for pk, destination in found]
        revived = sum(again for _, _, again in done)
        if options["json"]:
            self.stdout.write(
                json.dumps([{"id": pk, "destination": to, "sent_again": again} for pk, to, again in done])
            )
        else:
            for pk, destination, again in done:
                self.stdout.write(f"{pk} {'pending' if again else 'unchanged'} {destination}")
            self.stdout.write(f"{revived} of {len(found)} will be sent again.")
        if wanted is not None and not revived:
            raise Refused(f"Delivery {wanted} was sent already, or is being sent now.")
