"""What buckets tell whom, from a shell."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from invocations.arns import short_name
from invocations.decisions.object_rules import Rule
from invocations.flows import bucket_rules
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Bucket
from invocations.values import Scope

ALL = "s3:ObjectCreated:*"


class Command(RefusingCommand):
    help = "Rules of S3 buckets: which changes of objects go to which function, queue or topic."
    examples = (
        "s3_notification list",
        "s3_notification add uploads resize --prefix in/ --suffix .png",
        "s3_notification add uploads QUEUE_ARN --event 's3:ObjectRemoved:*' --id gone",
        "s3_notification add uploads eventbridge",
        "s3_notification remove uploads gone",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="buckets and their rules")
        add = verbs.add_parser("add", help="add a rule, and the permission that its target lacks")
        add.add_argument("bucket")
        add.add_argument("target", help="a function's name, the ARN of a function, queue or topic, or 'eventbridge'")
        add.add_argument("--event", action="append", metavar="NAME", help=f"once or more; default: {ALL}")
        add.add_argument("--prefix", help="what keys begin with")
        add.add_argument("--suffix", help="what keys end with")
        add.add_argument("--id", default="", help="of the rule; made when not given")
        remove = verbs.add_parser("remove", help="take a rule away")
        remove.add_argument("bucket")
        remove.add_argument("id", help="as `list` shows it, or 'eventbridge'")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        {"list": self._list, "add": self._add, "remove": self._remove}[options["verb"]](scope, options)

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        rows = [row for row in Bucket.objects.filter(account=scope.account).order_by("name") if row.listening]
        if not rows:
            self.stdout.write("No bucket tells anybody. `manage.py s3_notification add BUCKET TARGET` adds a rule.")
        for row in rows:
            self.stdout.write(f"{row.name}  {row.region}")
            for rule in row.read_rules():
                filters = {"prefix": rule.prefix, "suffix": rule.suffix}
                told = "".join(f"  {name} '{value}'" for name, value in filters.items() if value is not None)
                where = f"{rule.service} {short_name(rule.target)}"
                self.stdout.write(f"  {rule.rule_id}  {', '.join(rule.events)}  to {where}{told}")
            if row.event_bridge:
                self.stdout.write("  eventbridge  everything  to the default bus")

    def _add(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["target"].lower() == "eventbridge":
            if options["event"] or options["prefix"] is not None or options["suffix"] is not None or options["id"]:
                raise Refused("EventBridge gets every change: it knows no --event, --prefix, --suffix or --id.")
            bucket_rules.tell_bus(scope, options["bucket"], True)
            self.stdout.write("The default bus gets every change.")
            return
        service, arn = bucket_rules.target_of(options["target"], scope)
        events = tuple(dict.fromkeys(options["event"] or [ALL]))
        rule = Rule(options["id"], service, arn, events, options["prefix"], options["suffix"])
        added = bucket_rules.add(scope, options["bucket"], rule)
        self.stdout.write(added.rule.rule_id)
        if added.permitted:
            self.stdout.write(added.permitted)

    def _remove(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["id"].lower() == "eventbridge":
            bucket_rules.tell_bus(scope, options["bucket"], False)
            self.stdout.write("The default bus gets nothing of this bucket any more.")
            return
        bucket_rules.remove(scope, options["bucket"], options["id"])
        self.stdout.write("The rule is gone. What its target's policy permits stays.")
