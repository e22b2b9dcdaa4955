"""Invoke a function from a shell: the result on stdout, the log on stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows.invoke import invoke
from invocations.flows.waiting import progress
from invocations.forms import InvokeForm
from invocations.forms.invoke import TYPES, submission_document
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import Invocation, Payload
from invocations.values import Caller, Scope

EVENT = "Event"


class Command(RefusingCommand):
    help = (
        "Invoke a function and print its result. Exit code: 0 succeeded, 1 the function failed, 2 refused. "
        "The server must be running (manage.py up)."
    )

    examples = (
        """invoke hello --payload '{"name": "Ada"}' --log""",
        "invoke orders --payload-file event.json --qualifier live",
        """invoke charge --event --wait --payload '{"name": "Ada"}'""",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="function name or ARN, perhaps with :qualifier")
        payload = parser.add_mutually_exclusive_group()
        payload.add_argument("--payload", help="the event, as JSON text (default {})")
        payload.add_argument("--payload-file", metavar="FILE", help="a file with the event; - reads standard input")
        parser.add_argument("--qualifier", default="", help="version or alias")
        parser.add_argument("--type", choices=TYPES, help="default: RequestResponse")
        parser.add_argument("--event", action="store_true", help="as --type Event: print the request id, do not wait")
        parser.add_argument(
            "--wait", action="store_true", help="with --event: tell each change on stderr until the event has ended"
        )
        parser.add_argument("--log", action="store_true", help="print the log (its last 4 KB) on stderr")
        parser.add_argument(
            "--json", action="store_true", help="print what /functions/<name>/invoke/ answers instead of the result"
        )

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["event"] and options["type"] not in (None, EVENT):
            raise Refused(f"--event and --type {options['type']} contradict each other: leave one of them out.")
        kind = EVENT if options["event"] else options["type"] or "RequestResponse"
        if options["wait"] and kind != EVENT:
            raise Refused("--wait follows an event: use it with --event.")
        if options["wait"] and options["json"]:
            raise Refused("--json prints one answer, --wait tells a story: leave one of them out.")
        form = InvokeForm(
            {
                "qualifier": options["qualifier"],
                "invocation_type": kind,
                "log_type": "Tail" if options["log"] else "None",
            }
        )
        checked(form)
        caller = Caller(scope, "command", "", f"arn:aws:iam::{scope.account}:root")
        result = invoke(form.request(caller, options["name"], _payload(options)))
        if options["json"]:
            self.stdout.write(json.dumps(submission_document(result), ensure_ascii=False))
            if result.function_error is not None:
                sys.exit(1)
            return
        if kind == EVENT:
            self.stdout.write(result.request_id)
            self.stdout.flush()
            if options["wait"]:
                self._follow(result.request_id)
            return
        if result.log_tail:
            sys.stderr.buffer.write(result.log_tail)
            sys.stderr.flush()
        sys.stdout.buffer.write(result.payload + (b"\n" if result.payload else b""))
        sys.stdout.flush()
        if result.function_error is not None:
            sys.exit(1)

    def _follow(self, request_id: str) -> None:
        """Tell what becomes of the event; its result goes to stdout, exit code 1 when it failed."""
        for row in progress(request_id):
            self.stderr.write(_change(row))
        payload = Payload.objects.get(invocation__request_id=request_id)
        self.stdout.write(bytes(payload.response).decode(errors="replace"))
        if row.state != Invocation.State.SUCCEEDED:
            sys.exit(1)


def _change(row: Invocation) -> str:
    reason = ": ".join(word for word in (row.error_type, row.error_message) if word)
    if row.ended_at is not None:
        made = row.attempts.count()
        return f"{row.condition} after {made} attempt{'' if made == 1 else 's'}. {reason}".rstrip()
    if row.state == Invocation.State.RUNNING:
        return "An attempt is running."
    due = "" if row.due_at is None else f" until {row.due_at:%H:%M:%S} UTC, product time"
    return f"Waiting{due}. {reason}".rstrip()


def _payload(options: dict[str, Any]) -> bytes:
    name: str | None = options["payload_file"]
    if name is None:
        return str(options["payload"] or "").encode("utf-8", "surrogateescape")
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Refused(f"The payload file cannot be read: {error}.") from error
