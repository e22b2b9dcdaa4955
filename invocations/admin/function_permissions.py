"""The tab on permissions: who else may invoke the function, its versions and its aliases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from invocations.admin.pages import plain
from invocations.decisions.grants import sentence
from invocations.forms.permissions import GrantForm
from invocations.models import Function, FunctionPolicy, FunctionVersion
from invocations.values import LATEST

SHOWN = 100  # policies, and qualifiers to choose from, on one page


@dataclass(frozen=True)
class Shown:
    """One statement for people."""

    statement_id: str
    sentence: str
    text: str  # JSON


@dataclass(frozen=True)
class ShownPolicy:
    """`qualifier` is "" for the function itself."""

    qualifier: str
    arn: str
    statements: Sequence[Shown]


def permissions_context(request: HttpRequest, function: Function, latest: FunctionVersion) -> dict[str, Any]:
    """What the tab shows; `?qualifier=` chooses whose statement the form adds."""
    rows = function.policies.order_by("qualifier")[:SHOWN]
    return {
        "policies": [_shown(function, row) for row in rows],
        "grant_form": GrantForm(initial={"qualifier": plain(request.GET.get("qualifier"), 128)}),
        "qualifiers": _qualifiers(function),
    }


def _shown(function: Function, row: FunctionPolicy) -> ShownPolicy:
    statements = [Shown(one["Sid"], sentence(one), json.dumps(one, indent=2)) for one in row.statements]
    return ShownPolicy(row.qualifier, function.arn(row.qualifier or None), statements)


def _qualifiers(function: Function) -> list[str]:
    """Aliases, then published versions, the newest first."""
    aliases = function.aliases.values_list("name", flat=True)[:SHOWN]
    versions = function.versions.exclude(version=LATEST).order_by("-id").values_list("version", flat=True)[:SHOWN]
    return [*aliases, *versions]
