"""How much of a function may run at once, and how much does: the live part of its configuration page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from invocations import limits
from invocations.admin.live import look
from invocations.flows import claims, provisioning
from invocations.models import Function


@dataclass(frozen=True)
class Use:
    """Executions. `limit` is its reservation, else what no function of the account has claimed."""

    reserved: int | None
    limit: int
    in_use: int
    provisioned: int
    ready: int
    provisioned_in_use: int
    problem: str = ""

    @property
    def percent(self) -> float:
        return 100.0 if not self.limit else min(100.0, 100 * self.in_use / self.limit)


def use_of(function: Function) -> Use:
    """What the environment host of this machine says now; a host that is away is a sentence."""
    live = look()
    busy = [one for one in live.of(function.arn()) if one.state == "busy"]
    standing = provisioning.standing(function)
    reserved = function.reserved_concurrency
    return Use(
        reserved,
        limits.ACCOUNT_CONCURRENCY - claims.claimed(function.scope, function) if reserved is None else reserved,
        len(busy),
        sum(one.config.requested for one in standing),
        sum(one.progress.available for one in standing),
        sum(1 for one in busy if one.provisioned),
        live.problem,
    )


def concurrency(request: HttpRequest, function: Function) -> HttpResponse:
    """The live part alone, asked for again and again while the page is seen."""
    return render(request, "console/concurrency.html", {"function": function, "use": use_of(function)})
