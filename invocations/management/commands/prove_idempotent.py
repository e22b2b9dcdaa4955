"""Run a function twice with the same event, and say whether the second run changed anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows.prove_idempotent import Proof, Run, prove
from invocations.forms.invoking import proof_document
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Payload
from invocations.values import Caller, InvokeRequest, Scope


class Command(RefusingCommand):
    help = (
        "Run a function twice with the same event and tell what the second run changed: items of DynamoDB tables and "
        "objects of buckets of the companion, messages in queues, events sent, and the result. Both runs are real and "
        "stay. Exit code: 0 nothing changed, 1 something did or a run failed, 2 refused. The server must be running."
    )
    examples = (
        "prove_idempotent set_to_thirty --event event.json",
        """prove_idempotent add_ten --payload '{"account": "alice"}' --json""",
        "prove_idempotent orders --qualifier live --invocation 6c651b27-9482-4839-b285-765427cb451f",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="function name or ARN")
        event = parser.add_mutually_exclusive_group()
        event.add_argument("--event", metavar="FILE", help="a file with the event; - reads standard input")
        event.add_argument("--payload", help="the event, as JSON text (default {})")
        event.add_argument("--invocation", metavar="ID", help="the event of this invocation, by its request id")
        parser.add_argument("--qualifier", default="", help="version or alias")
        parser.add_argument("--json", action="store_true", help="print everything as JSON")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        caller = Caller(scope, "command", "", f"arn:aws:iam::{scope.account}:root")
        payload, qualifier = _event(scope, options), options["qualifier"] or None
        proof = prove(InvokeRequest(caller=caller, function=options["name"], payload=payload, qualifier=qualifier))
        if options["json"]:
            self.stdout.write(json.dumps(proof_document(proof), ensure_ascii=False))
        else:
            self._tell(proof)
        if not proof.verdict.idempotent:
            sys.exit(1)

    def _tell(self, proof: Proof) -> None:
        for number, run in enumerate((proof.first, proof.second), 1):
            self.stdout.write(f"Run {number}, request id {run.request_id}: {_result(run)}")
            for change in run.changes:
                self.stdout.write(f"  {change}")
            if not run.changes:
                self.stdout.write("  It changed nothing that can be seen from here.")
        self.stdout.write(proof.verdict.sentence)
        self.stdout.write(f"Looked at: {', '.join(proof.looked_at) or 'nothing, there is nothing yet'}.")
        for sentence in proof.unseen:
            self.stdout.write(sentence)


def _result(run: Run) -> str:
    return f"failed, {run.error}" if run.error else json.dumps(run.result, ensure_ascii=False)[:200]


def _event(scope: Scope, options: dict[str, Any]) -> bytes:
    if options["invocation"]:
        kept = Payload.objects.filter(
            invocation__request_id=options["invocation"],
            invocation__account=scope.account,
            invocation__region=scope.region,
        ).first()
        if kept is None:
            raise Refused(f"There is no invocation {options['invocation']} here whose event is still kept.")
        return bytes(kept.request)
    name: str | None = options["event"]
    if name is None:
        return str(options["payload"] or "").encode("utf-8", "surrogateescape")
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Refused(f"The event file cannot be read: {error}.") from error
