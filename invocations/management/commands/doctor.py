from __future__ import annotations

import json
import sys
import textwrap
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from invocations.flows.doctor import Finding, examine, is_usable

MARKS = {"ok": "ok", "missing": "--", "broken": "!!"}
WIDTH = 110


class Command(BaseCommand):
    help = "Say what this machine has for lambdaplay and what each missing part costs. Exit 1 when it cannot work."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print a JSON list instead of the table")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine(may_fork=True)
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2))
        else:
            self.stdout.write("\n".join(_table(findings)))
        sys.exit(0 if is_usable(findings) else 1)


def _table(findings: list[Finding]) -> list[str]:
    lines = []
    width = max(len(finding.part) for finding in findings)
    for finding in findings:
        lines += _wrapped(f"{MARKS[finding.state]}  {finding.part:<{width}}  ", finding.found)
        if finding.cost and finding.state != "ok":
            lines += _wrapped(" " * (width + 6), finding.cost)
    return lines


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)
