"""Create a function from a file, a folder or a zip; or update one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.forms.settling import settled
from invocations.management import making
from invocations.management.refusing import RefusingCommand
from invocations.values import Scope


class Command(RefusingCommand):
    help = (
        "Create a function from a source file, a folder or a .zip package; with --update, change the one of that name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name")
        parser.add_argument("--code", required=True, metavar="PATH", help="a source file, a folder or a .zip")
        making.add_settings(parser)
        parser.add_argument("--update", action="store_true", help="change the function if it exists")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        code = Path(options["code"])
        package = making.package(code)
        existing = making.existing(scope, options["name"]) if options["update"] else None
        if existing is None:
            made = making.create(scope, options["name"], code, package, options)
        else:
            made = making.update(scope, existing, package, options)
        settled(scope, options["name"])
        self.stdout.write(making.arn_of(made))
