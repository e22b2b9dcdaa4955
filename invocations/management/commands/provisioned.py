"""Provisioned concurrency from a shell: environments kept ready for versions and aliases."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows import provisioning
from invocations.flows.pages import everything
from invocations.flows.provisioning import Provisioned
from invocations.management.refusing import RefusingCommand
from invocations.values import Scope


class Command(RefusingCommand):
    help = "Environments kept ready: put a number for a version or an alias, get how far it is, delete, list."

    examples = (
        "provisioned put orders live 5",
        "provisioned get orders live --json",
        "provisioned list orders",
        "provisioned delete orders live",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, help_text in (
            ("put", "have so many kept ready; a running server does it"),
            ("get", "how many are ready"),
            ("delete", "keep none ready any more"),
            ("list", "all of a function's"),
        ):
            one = verbs.add_parser(verb, help=help_text)
            one.add_argument("function")
            if verb != "list":
                one.add_argument("qualifier", help="a published version's number, or an alias")
            if verb == "put":
                one.add_argument("number", type=int, help="environments, 1 or more")
            if verb != "delete":
                one.add_argument("--json", action="store_true", help="an array" if verb == "list" else "an object")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        function, qualifier = options["function"], options.get("qualifier")
        if options["verb"] == "list":
            found = everything(lambda marker: provisioning.list_configs(scope, function, marker))
            if options["json"]:
                self.stdout.write(json.dumps([_document(one) for one in found]))
            elif not found:
                self.stdout.write("None. `manage.py provisioned put FUNCTION QUALIFIER NUMBER` keeps some ready.")
            for one in [] if options["json"] else found:
                self.stdout.write(_line(one))
            return
        if options["verb"] == "delete":
            provisioning.delete(scope, function, qualifier)
            self.stdout.write(f"No environments of {qualifier} are kept ready any more.")
            return
        one = (
            provisioning.put(scope, function, qualifier, options["number"])
            if options["verb"] == "put"
            else provisioning.get(scope, function, qualifier)
        )
        self.stdout.write(json.dumps(_document(one)) if options["json"] else _line(one))


def _line(one: Provisioned) -> str:
    progress = one.progress
    why = f"  {progress.reason}" if progress.reason else ""
    return f"{one.config.qualifier}  {progress.available} of {one.config.requested} ready  {progress.status}{why}"


def _document(one: Provisioned) -> dict[str, Any]:
    return {
        "qualifier": one.config.qualifier,
        "requested": one.config.requested,
        "available": one.progress.available,
        "allocated": one.progress.allocated,
        "status": one.progress.status,
        "reason": one.progress.reason or None,
    }
