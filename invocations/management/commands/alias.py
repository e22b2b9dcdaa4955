"""Aliases from a shell: names that point to a version, and may give a share of the calls to another."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows import aliases
from invocations.flows.pages import everything
from invocations.forms import AliasForm
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import Alias
from invocations.values import Scope


class Command(RefusingCommand):
    help = "Aliases of a function: put (make or change) one, list, delete."

    examples = (
        "alias put orders live 3",
        "alias put orders live 3 --share 4=12.5",
        "alias list orders --json",
        "alias delete orders live",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        put = verbs.add_parser("put", help="make an alias, or change it; prints its ARN")
        put.add_argument("function")
        put.add_argument("name")
        put.add_argument("version", help="a number, or $LATEST")
        put.add_argument("--share", metavar="VERSION=PERCENT", default="", help="another version's part of the calls")
        put.add_argument("--description", default="")
        listing = verbs.add_parser("list", help="all of a function's, and where their calls go")
        listing.add_argument("function")
        listing.add_argument("--json", action="store_true", help="one JSON array")
        delete = verbs.add_parser("delete", help="delete an alias: calls to it are refused")
        delete.add_argument("function")
        delete.add_argument("name")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['verb']}")(scope, options)

    def _put(self, scope: Scope, options: dict[str, Any]) -> None:
        other, equals, percent = options["share"].partition("=")
        if options["share"] and not (other and equals and percent):
            raise Refused("--share must read VERSION=PERCENT, for example 4=12.5.")
        given = {name: options[name] for name in ("name", "version", "description")}
        form = AliasForm({**given, "second_version": other, "percent": percent})
        checked(form)
        row = _saved(scope, options["function"], form)
        self.stdout.write(row.function.arn(row.name))

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        rows = everything(lambda marker: aliases.list_aliases(scope, options["function"], marker=marker))
        if options["json"]:
            self.stdout.write(json.dumps([_document(row) for row in rows]))
            return
        if not rows:
            self.stdout.write("No aliases. `manage.py alias put FUNCTION NAME VERSION` makes one.")
        for row in rows:
            self.stdout.write(f"{row.name}  {_shares(row)}  {row.description}".rstrip())

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        aliases.delete_alias(scope, options["function"], options["name"])
        self.stdout.write(f"The alias {options['name']} is not there any more.")


def _saved(scope: Scope, function: str, form: AliasForm) -> Alias:
    given = form.cleaned_data
    settings = {"description": given["description"], "weights": form.weights()}
    known = everything(lambda marker: aliases.list_aliases(scope, function, marker=marker))
    if any(row.name == given["name"] for row in known):
        return aliases.update_alias(scope, function, given["name"], version=given["version"], **settings)
    return aliases.create_alias(scope, function, given["name"], given["version"], **settings)


def _shares(row: Alias) -> str:
    left = 100 - sum(row.weights.values()) * 100
    others = [f"{version} {weight * 100:g} %" for version, weight in row.weights.items()]
    return ", ".join([f"{row.version} {left:g} %", *others])


def _document(row: Alias) -> dict[str, Any]:
    return {"name": row.name, "version": row.version, "weights": row.weights, "description": row.description}
