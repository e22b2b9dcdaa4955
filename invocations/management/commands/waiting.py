"""What waits, from a shell: list it, run one now, cancel one."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations import clock
from invocations.flows import waiting
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Invocation
from invocations.values import Scope

LISTED = 50


class Command(RefusingCommand):
    help = (
        "Events that wait for a retry, for concurrency or for a worker, the next due first. --run-now and --cancel "
        "take a request id; exit code 2 when that event does not wait."
    )

    examples = (
        "waiting",
        "waiting --json",
        "waiting --run-now 6c651b27-9482-4839-b285-765427cb451f",
        "waiting --cancel 6c651b27-9482-4839-b285-765427cb451f",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_mutually_exclusive_group()
        verbs.add_argument("--run-now", metavar="ID", help="make this event due at once")
        verbs.add_argument("--cancel", metavar="ID", help="end this event; no destination is told")
        parser.add_argument("--json", action="store_true", help="print the list as JSON")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["run_now"] or options["cancel"]:
            verb = waiting.run_now if options["run_now"] else waiting.cancel
            happened = verb(options["run_now"] or options["cancel"], scope)
            if not happened.done:
                raise Refused(happened.sentence)
            self.stdout.write(happened.sentence)
            return
        rows = Invocation.objects.filter(
            account=scope.account, region=scope.region, state=Invocation.State.QUEUED
        ).order_by("due_at", "id")[:LISTED]
        lines = [_document(row) for row in rows]
        if options["json"]:
            self.stdout.write(json.dumps(lines))
            return
        for line in lines:
            failed = f"{line['failures']} failed, {line['deferrals']} deferred, {line['lost']} lost"
            self.stdout.write(f"{line['due_at']}  {line['request_id']}  {line['function']}  {failed}")
        if not lines:
            self.stdout.write(f"Nothing waits. Product time is {clock.now():%Y-%m-%d %H:%M:%S} UTC.")


def _document(row: Invocation) -> dict[str, Any]:
    return {
        "request_id": row.request_id,
        "function": row.function,
        "due_at": None if row.due_at is None else row.due_at.isoformat(timespec="seconds"),
        "accepted_at": row.accepted_at.isoformat(timespec="seconds"),
        "failures": row.failures,
        "deferrals": row.deferrals,
        "lost": row.lost,
        "reason": row.error_message or None,
    }
