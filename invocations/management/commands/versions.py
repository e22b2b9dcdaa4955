"""Published versions from a shell. (`manage.py version` is Django's own, and prints Django's.)"""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows.functions import delete_function
from invocations.flows.pages import everything
from invocations.flows.versions import list_versions, publish_version
from invocations.forms.settling import settled
from invocations.management.refusing import Refused, RefusingCommand
from invocations.values import Scope


class Command(RefusingCommand):
    help = "Published versions of a function: publish what $LATEST is now, list, delete."

    examples = (
        "versions publish orders --description 'with discounts'",
        "versions list orders --json",
        "versions delete orders 3",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        publish = verbs.add_parser("publish", help="freeze $LATEST under the next number; prints its ARN")
        publish.add_argument("function")
        publish.add_argument("--description")
        listing = verbs.add_parser("list", help="$LATEST and all published ones")
        listing.add_argument("function")
        listing.add_argument("--json", action="store_true", help="one JSON array")
        delete = verbs.add_parser("delete", help="delete one version; not while an alias points to it")
        delete.add_argument("function")
        delete.add_argument("version")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['verb']}")(scope, options)

    def _publish(self, scope: Scope, options: dict[str, Any]) -> None:
        settled(scope, options["function"])  # one that is just being changed has nothing to freeze yet
        row = publish_version(scope, options["function"], description=options["description"])
        self.stdout.write(row.function.arn(row.version))

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        rows = everything(lambda marker: list_versions(scope, options["function"], marker))
        found = [
            {"version": row.version, "state": row.state, "runtime": row.runtime, "description": row.description}
            for row in rows
        ]
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for one in found:
            self.stdout.write(
                f"{one['version']:<8}  {one['state']:<8}  {one['runtime']}  {one['description']}".rstrip()
            )

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        if not (options["version"].isascii() and options["version"].isdigit()):
            raise Refused("Name a version by its number; to delete an alias, see `manage.py alias`.")
        delete_function(scope, options["function"], options["version"])
        self.stdout.write(f"Version {options['version']} is not there any more.")
