"""Event source mappings from a shell: list, create, delete, and one round of polling."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.decisions.batch_advice import BAD, GOOD, PLAIN, WARN, advice_document
from invocations.decisions.kafka_options import CONFIGS, ENDPOINTS
from invocations.decisions.mapping_options import MSK, SELF_MANAGED, Options
from invocations.flows import mappings, poll
from invocations.flows.advise_batches import advice_of
from invocations.flows.explain_filter import BadRecord, answer_document, explain
from invocations.forms.filters import FilterForm, pattern_text
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import Mapping
from invocations.values import Scope

_MARKS = {GOOD: "✓", WARN: "!", BAD: "✕", PLAIN: "·"}


class Command(RefusingCommand):
    help = "Event source mappings: what polls which queue, stream or topic for which function."

    examples = (
        "mapping create adder arn:aws:sqs:us-east-1:000000000000:orders --batch-size 5",
        "mapping create adder localhost:9092 --topic orders --start TRIM_HORIZON",
        "mapping list --json",
        "mapping advise 6d0d84aa-0000-4000-8000-000000000000",
        """mapping explain 6d0d84aa-0000-4000-8000-000000000000 --pattern '{"body": {"kind": ["order"]}}'""",
        "mapping poll 6d0d84aa-0000-4000-8000-000000000000",
        "mapping delete 6d0d84aa-0000-4000-8000-000000000000",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="map a source to a function; prints the mapping's UUID")
        create.add_argument("function", help="name or ARN, perhaps with a version or alias")
        create.add_argument(
            "source", metavar="SOURCE", help="ARN of a queue, stream or MSK cluster; or Kafka's host:port,..."
        )
        create.add_argument("--topic", help="of Kafka")
        create.add_argument("--group", help="of Kafka: the consumer group (default: the mapping's UUID)")
        create.add_argument(
            "--access",
            action="append",
            metavar="TYPE=URI",
            help="of Kafka: a way in, e.g. BASIC_AUTH=<ARN of a secret> (default: none is needed)",
        )
        create.add_argument(
            "--batch-size", type=int, help="records of one call (default 10 for queues, 100 for streams)"
        )
        create.add_argument("--window", type=int, help="seconds to wait for a full batch (default 0)")
        create.add_argument("--filter", action="append", metavar="PATTERN", help="JSON; several are ORed")
        create.add_argument("--report-failures", action="store_true", help="read batchItemFailures from the answer")
        create.add_argument("--max-concurrency", type=int, help="of a queue: batches at once, 2 to 1000")
        create.add_argument("--start", choices=("TRIM_HORIZON", "LATEST"), help="of a stream: where to begin")
        listing = verbs.add_parser("list", help="mappings, their states and last results, and what their batches risk")
        listing.add_argument("--json", action="store_true", help="one JSON array")
        advising = verbs.add_parser("advise", help="does BatchSize fit the function's and the queue's timeouts?")
        advising.add_argument("uuid")
        advising.add_argument("--json", action="store_true", help="one JSON object")
        explaining = verbs.add_parser(
            "explain", help="recent records against the filters: which pass, which leaf refuses"
        )
        explaining.add_argument("uuid")
        explaining.add_argument("--pattern", help="JSON, or a list of patterns (default: the mapping's own filters)")
        explaining.add_argument("--record", default="", help="a record, an event or data (default: recent records)")
        explaining.add_argument("--json", action="store_true", help="one JSON object")
        for name, told in (
            ("delete", "end a mapping; batches under way end first"),
            ("poll", "hand over what is there now, in this process; prints how many turns had work"),
        ):
            verbs.add_parser(name, help=told).add_argument("uuid")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        verbs = {
            "create": self._create,
            "list": self._list,
            "advise": self._advise,
            "explain": self._explain,
            "delete": self._delete,
            "poll": self._poll,
        }
        verbs[options["verb"]](scope, options)

    def _create(self, scope: Scope, options: dict[str, Any]) -> None:
        given = Options(
            batch_size=options["batch_size"],
            window_seconds=options["window"],
            max_concurrency=options["max_concurrency"],
            report_failures=True if options["report_failures"] else None,
            filters=tuple(options["filter"]) if options["filter"] else None,
            starting_position=options["start"],
        )
        arn = options["source"] if options["source"].startswith("arn:") else None
        others = _kafka_members(options) if options["topic"] else {}
        row = mappings.create(scope, mappings.Draft(options["function"], arn, given, others=others))
        self.stdout.write(row.uuid)

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        rows = mappings.list_mappings(scope).items
        if options["json"]:
            self.stdout.write(json.dumps([document(row) for row in rows]))
            return
        for row in rows:
            told = row.last_result or "no batch yet"
            self.stdout.write(f"{row.uuid}  {row.state:<9} {row.source_text} -> {row.function_arn}  {told}")
            for problem in advice_of(row).problems:
                self.stdout.write(f"  {_MARKS[problem.kind]} {problem.sentence}")

    def _advise(self, scope: Scope, options: dict[str, Any]) -> None:
        advice = advice_of(mappings.get(scope, options["uuid"]))
        if options["json"]:
            self.stdout.write(json.dumps(advice_document(advice)))
            return
        for one in advice.findings:
            self.stdout.write(f"{_MARKS[one.kind]} {one.sentence}")

    def _explain(self, scope: Scope, options: dict[str, Any]) -> None:
        row = mappings.get(scope, options["uuid"])
        pattern = pattern_text(row.filters) if options["pattern"] is None else options["pattern"]
        form = FilterForm(row.source, {"pattern": pattern, "record": options["record"]})
        checked(form)
        try:
            answer = explain(row, form.cleaned_data["pattern"], form.cleaned_data["record"])
        except BadRecord as reason:
            raise Refused(str(reason)) from reason
        if options["json"]:
            self.stdout.write(json.dumps(answer_document(answer)))
            return
        self.stdout.write(answer.trouble or answer.sentence)
        for seen, explained in answer.records:
            why = "; ".join(one.sentence for one in explained.refusals)
            self.stdout.write(f"{seen.id}  {'matched' if explained.passed else f'refused: {why}'}")

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        self.stdout.write(mappings.delete(scope, options["uuid"]).state)

    def _poll(self, scope: Scope, options: dict[str, Any]) -> None:
        turns = poll.run_all(mappings.get(scope, options["uuid"]), "command")
        self.stdout.write(f"{turns} turn{'' if turns == 1 else 's'} had work.")


def _kafka_members(options: dict[str, Any]) -> dict[str, Any]:
    """The request that an SDK would send."""
    source = options["source"]
    found: dict[str, Any] = {"Topics": [options["topic"]]}
    given = [one.partition("=") for one in options["access"] or ()]
    access = [{"Type": name, "URI": uri} for name, _, uri in given]
    if not source.startswith("arn:"):
        found["SelfManagedEventSource"] = {"Endpoints": {ENDPOINTS: source.split(",")}}
        # AWS wants one to be named: a network, where no way in is needed.
        access = access or [{"Type": "VPC_SUBNET", "URI": "subnet:local"}]
    if access:
        found["SourceAccessConfigurations"] = access
    if options["group"]:
        found[CONFIGS[MSK if source.startswith("arn:") else SELF_MANAGED]] = {"ConsumerGroupId": options["group"]}
    return found


def document(row: Mapping) -> dict[str, Any]:
    return {
        "uuid": row.uuid,
        "state": row.state,
        "source": row.source_text,
        "function": row.function_arn,
        "batch_size": row.batch_size,
        "window_seconds": row.window_seconds,
        "last_result": row.last_result,
        "advice": advice_document(advice_of(row)),
    }
