"""List the functions of an account and region."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from invocations.flows.functions import list_functions
from invocations.management.refusing import RefusingCommand
from invocations.models import FunctionVersion
from invocations.runtime import runtimes
from invocations.values import Scope

_COLUMNS = ("name", "runtime", "handler", "state", "memory_mb", "timeout_seconds", "last_modified")


class Command(RefusingCommand):
    help = "List functions: a table, or JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--json", action="store_true")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        rows = [_row(version) for version in _all(scope)]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        if not rows:
            self.stdout.write("No functions. `manage.py create_function NAME --code PATH` makes one.")
            return
        shown = [dict(zip(_COLUMNS, _COLUMNS, strict=True)), *rows]
        widths = {column: max(len(str(row[column])) for row in shown) for column in _COLUMNS}
        for row in shown:
            line = "  ".join(str(row[column]).ljust(widths[column]) for column in _COLUMNS)
            self.stdout.write(line.rstrip() + ("  (cannot run here)" if row.get("cannot_run") else ""))


def _all(scope: Scope) -> Iterator[FunctionVersion]:
    marker: str | None = None
    while True:
        page = list_functions(scope, marker)
        yield from page.items
        marker = page.next_marker
        if marker is None:
            return


def _row(version: FunctionVersion) -> dict[str, Any]:
    return {
        "name": version.function.name,
        "arn": version.function.arn(),
        "runtime": version.runtime,
        "cannot_run": runtimes.unrunnable(version.runtime),
        "handler": version.handler,
        "state": version.state,
        "memory_mb": version.memory_mb,
        "timeout_seconds": version.timeout_seconds,
        "last_modified": version.last_modified.isoformat(timespec="seconds"),
    }
