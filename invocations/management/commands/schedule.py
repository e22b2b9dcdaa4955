"""Schedules of EventBridge Scheduler from a shell: make one, see when it fires, fire it now, delete it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from invocations.arns import function_arn, parse_arn, parse_function
from invocations.decisions.cron import InvalidSchedule
from invocations.decisions.schedule_times import read
from invocations.engines.scheduler import browsing, firing, limits, schedules
from invocations.engines.scheduler.checking import ScheduleSpec, zone_of
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Schedule
from invocations.values import Scope

ROLE = "arn:aws:iam::{account}:role/scheduler"  # what AWS demands and nobody evaluates here


class Command(RefusingCommand):
    help = "Schedules (EventBridge Scheduler): create, list, next firings, fire now, delete."
    examples = (
        "schedule create breakfast 'cron(0 8 ? * MON-FRI *)' --zone Europe/Vienna --function hello",
        "schedule create once 'at(2026-12-24T18:00:00)' --target arn:aws:sqs:us-east-1:000000000000:orders --input hi",
        "schedule list --json",
        "schedule next breakfast",
        "schedule fire breakfast",
        "schedule delete breakfast",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a schedule; prints its ARN")
        create.add_argument("name")
        create.add_argument("expression", help="at(...), rate(...) or cron(...)")
        target = create.add_mutually_exclusive_group(required=True)
        target.add_argument("--function", help="name or ARN, perhaps with a qualifier")
        target.add_argument("--target", metavar="ARN", help="of a function, queue or topic")
        create.add_argument("--input", help="what the target gets; default: AWS's notification")
        create.add_argument("--zone", default="UTC", help="IANA time zone (default: %(default)s)")
        create.add_argument("--window", type=int, metavar="MINUTES", help="flexible time window, 1 to 1440")
        create.add_argument("--delete-when-done", action="store_true", help="ActionAfterCompletion DELETE")
        create.add_argument("--disabled", action="store_true")
        listing = verbs.add_parser("list", help="schedules and when each fires next")
        listing.add_argument("--json", action="store_true", help="one JSON array")
        following = verbs.add_parser("next", help="the next ten firings, and what was missed")
        following.add_argument("--json", action="store_true", help="one JSON object")
        fire = verbs.add_parser("fire", help="fire once more, now; the slots stay")
        delete = verbs.add_parser("delete", help="delete a schedule")
        for verb in (following, fire, delete):
            verb.add_argument("name")
        for verb in (create, listing, following, fire, delete):
            verb.add_argument("--group", default=None if verb is listing else limits.DEFAULT_GROUP)

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['verb']}")(scope, options)

    def _create(self, scope: Scope, options: dict[str, Any]) -> None:
        given = {"Input": options["input"]} if options["input"] is not None else {}
        spec = ScheduleSpec(
            name=browsing.checked_name(options["name"]),
            expression=_expression(options["expression"]),
            target={"Arn": _target(scope, options), "RoleArn": ROLE.format(account=scope.account), **given},
            zone=options["zone"],
            window_minutes=_window(options["window"]),
            completion=Schedule.Completion.DELETE if options["delete_when_done"] else Schedule.Completion.NONE,
            state=Schedule.State.DISABLED if options["disabled"] else Schedule.State.ENABLED,
        )
        row = schedules.create(scope, options["group"], spec)
        self.stdout.write(row.arn)
        if row.next_at is None and row.state == Schedule.State.ENABLED:
            self.stderr.write("It never fires: all its slots are past.")

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        found = browsing.everything(scope, options["group"])
        if options["json"]:
            self.stdout.write(json.dumps([browsing.document(row) for row in found]))
            return
        if not found:
            self.stdout.write(
                "No schedules. `manage.py schedule create NAME EXPRESSION --function FUNCTION` makes one."
            )
        for row in found:
            self.stdout.write(f"{row.group.name}/{row.name}  {row.expression}  {_when(row)}  -> {row.target['Arn']}")

    def _next(self, scope: Scope, options: dict[str, Any]) -> None:
        row = schedules.need(scope, options["group"], options["name"])
        if options["json"]:
            self.stdout.write(json.dumps(browsing.document(row)))
            return
        for slot, moment in browsing.next_firings(row):
            window = "" if row.window_minutes is None else f"  (fires {_text(moment)})"
            self.stdout.write(
                f"{_text(slot)}  {slot.astimezone(zone_of(row.zone)):%Y-%m-%d %H:%M:%S} {row.zone}{window}"
            )
        if row.next_at is None:
            self.stdout.write(_when(row))
        for missed in row.missed.all():
            self.stdout.write(f"missed {missed.count}: {_text(missed.first_at)} to {_text(missed.last_at)}")

    def _fire(self, scope: Scope, options: dict[str, Any]) -> None:
        firing.fire_now(schedules.need(scope, options["group"], options["name"]))
        self.stdout.write(f"{options['name']} was fired.")

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        schedules.delete(scope, options["group"], options["name"])
        self.stdout.write(f"{options['name']} is deleted.")


def _expression(text: str) -> str:
    try:
        read(text)
    except InvalidSchedule as reason:
        raise Refused(f"{text} is no schedule expression: {reason}.") from reason
    return text


def _window(minutes: int | None) -> int | None:
    if minutes is not None and not 1 <= minutes <= browsing.WINDOW_MINUTES:
        raise Refused(f"--window takes 1 to {browsing.WINDOW_MINUTES} minutes.")
    return minutes


def _target(scope: Scope, options: dict[str, Any]) -> str:
    if options["target"] is not None:
        arn = parse_arn(options["target"])
        if arn is not None and arn.service == "events":
            raise Refused("An event bus needs EventBridgeParameters: `aws scheduler create-schedule` takes them.")
        return str(options["target"])
    named = parse_function(options["function"])
    if named is None:
        raise Refused(f"{options['function']} is no function's name or ARN.")
    return function_arn(named.account or scope.account, named.region or scope.region, named.name, named.qualifier)


def _when(row: Schedule) -> str:
    if row.state == Schedule.State.DISABLED:
        return "disabled"
    return "over" if row.next_at is None else f"next {_text(row.next_at)}"


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
