"""Reading the history of invocations: filters as they stand in the URL, and pages by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import QueryDict

from invocations import clock
from invocations.models import Attempt, Invocation
from invocations.values import Condition, Outcome

ROWS = 25

SINCE = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}


# Of attempts and, where an event's end is no attempt's, of events.
OUTCOMES = list(dict.fromkeys(one.value for one in (*Outcome, *Condition) if one not in (Outcome.LOST, Outcome.FENCED)))


class HistoryFilter(forms.Form):
    """The filters of the invocation list. Every field is optional; the URL is the form."""

    function = forms.CharField(required=False, max_length=64)
    type = forms.ChoiceField(
        required=False, choices=[("", "any type"), (Invocation.Type.SYNC, "sync"), (Invocation.Type.ASYNC, "async")]
    )
    outcome = forms.ChoiceField(
        required=False,
        choices=[("", "any outcome"), ("failed", "every failure"), *((one, one) for one in OUTCOMES)],
    )
    since = forms.ChoiceField(
        required=False,
        choices=[("", "any time"), ("15m", "15 minutes"), ("1h", "1 hour"), ("24h", "24 hours"), ("7d", "7 days")],
    )
    start = forms.DateTimeField(required=False, label="From (UTC)")
    end = forms.DateTimeField(required=False, label="Until (UTC)")
    doubts = forms.ChoiceField(required=False, choices=[("", "any"), ("duplicates", "possible duplicates")])
    request_id = forms.CharField(required=False, max_length=36)
    account = forms.RegexField(r"^\d{12}$", required=False)
    region = forms.CharField(required=False, max_length=32)


@dataclass(frozen=True)
class HistoryPage:
    rows: Sequence[Invocation]
    newer: int | None  # key for ?after=, None on the first page
    older: int | None  # key for ?before=


def narrowed(filters: HistoryFilter) -> QuerySet[Invocation]:
    """Apply the filters that were understood; those that were not show their errors beside them."""
    rows = Invocation.objects.all()
    given = filters.cleaned_data
    if given.get("function"):
        # The index by function starts with account and region.
        rows = rows.filter(
            account=given.get("account") or settings.LAMBDAPLAY_ACCOUNT,
            region=given.get("region") or settings.LAMBDAPLAY_REGION,
            function=given["function"],
        )
    if given.get("type"):
        rows = rows.filter(invocation_type=given["type"])
    if given.get("outcome") == "failed":
        rows = rows.filter(state=Invocation.State.FAILED)
    elif given.get("outcome"):
        rows = rows.filter(condition=given["outcome"])
    if given.get("doubts"):
        # Lost: its runner died, and it may have run. Every attempt that came too late was lost before.
        rows = rows.filter(invocation_type=Invocation.Type.ASYNC, lost__gt=0)
    if given.get("request_id"):
        rows = rows.filter(_begins_with(given["request_id"].strip().lower()))
    return _within_time(rows, given.get("since") or "", given.get("start"), given.get("end"))


def _begins_with(text: str) -> Q:
    """Request ids that begin so. SQLite's LIKE does not use the index, a range of its plain text order does."""
    if connection.vendor == "sqlite":
        return Q(request_id__gte=text, request_id__lt=text + "~")
    return Q(request_id__startswith=text)


def _within_time(
    rows: QuerySet[Invocation], since: str, start: datetime | None, end: datetime | None
) -> QuerySet[Invocation]:
    if since:
        rows = rows.filter(accepted_at__gte=clock.now() - SINCE[since])
    if start is not None:
        rows = rows.filter(accepted_at__gte=start)
    if end is not None:
        rows = rows.filter(accepted_at__lt=end)
    return rows


def history_page(rows: QuerySet[Invocation], query: QueryDict) -> HistoryPage:
    """Cut one page out of `rows`, newest first: `before` and `after` are ids, so that new rows shift nothing."""
    before, after = _key(query, "before"), _key(query, "after")
    if after is not None:
        found = list(rows.filter(id__gt=after).order_by("id")[: ROWS + 1])
        more = len(found) > ROWS
        shown = found[:ROWS][::-1]
        return HistoryPage(_with_attempts(shown), shown[0].pk if more else None, shown[-1].pk if shown else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows.order_by("-id")[: ROWS + 1])
    shown = found[:ROWS]
    newer = shown[0].pk if before is not None and shown else None
    return HistoryPage(_with_attempts(shown), newer, shown[-1].pk if len(found) > ROWS else None)


def _key(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _with_attempts(rows: list[Invocation]) -> list[Invocation]:
    """Put each row's attempts beside it, in one query for the page."""
    by_invocation: dict[int, list[Attempt]] = {}
    for attempt in Attempt.objects.filter(invocation__in=[row.pk for row in rows]).order_by("id"):
        by_invocation.setdefault(attempt.invocation_id, []).append(attempt)
    for row in rows:
        row.shown_attempts = by_invocation.get(row.pk, [])  # type: ignore[attr-defined]
    return rows
