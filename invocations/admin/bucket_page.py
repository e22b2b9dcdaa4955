"""One bucket: whether it is there, its rules and how their targets stand, and what was told of late and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.pages import Crumb, page, wants_json
from invocations.arns import short_name
from invocations.decisions import object_rules
from invocations.flows import buckets, object_events
from invocations.forms.buckets import RuleForm
from invocations.models import Bucket, Delivery, ObjectEvent

ROWS = 25
_WORDS = {Delivery.State.PENDING: "pending", Delivery.State.SENT: "sent", Delivery.State.FAILED: "undeliverable"}
_THERE = {
    True: "",
    False: (
        "The bucket is not there. If the companion was started anew it has forgotten all buckets: make this one again, "
        "and its rules are in force."
    ),
    None: "Whether the bucket is there cannot be asked: no S3 answers.",
}


def buckets_crumb() -> Crumb:
    return ("Buckets", reverse("admin:invocations_bucket_changelist"))


def bucket_page(
    request: HttpRequest, bucket: Bucket, may_change: bool = True, form: RuleForm | None = None, status: int = 200
) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = bucket.events.order_by("-id")
    if before.isascii() and before.isdigit() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows[: ROWS + 1])
    older = found[ROWS - 1].pk if len(found) > ROWS else None
    events = _with_deliveries(found[:ROWS])
    if wants_json(request):
        told = [_event(told["row"], told["sent"]) for told in events]
        return JsonResponse({**document(bucket), "there": _is_there(bucket), "events": told, "before": older})
    context = {
        "bucket": bucket,
        "trouble": _THERE[_is_there(bucket)],
        "rules": [(rule, buckets.problem(rule, bucket.scope, bucket.name)) for rule in bucket.read_rules()],
        "events": events,
        "older": older,
        "newer": bool(before),
        "form": form or RuleForm(initial={"bucket": bucket.name, "events": RuleForm.base_fields["events"].initial}),
        "may_change": may_change,
    }
    return page(request, "console/bucket.html", bucket.name, context, [buckets_crumb()], status)


def _is_there(bucket: Bucket) -> bool | None:
    return buckets.is_there(bucket.scope, bucket.name)


def document(bucket: Bucket) -> dict[str, Any]:
    rules = [object_rules.to_row(rule) for rule in bucket.read_rules()]
    return {"name": bucket.name, "region": bucket.region, "rules": rules, "event_bridge": bucket.event_bridge}


def _with_deliveries(rows: Sequence[ObjectEvent]) -> list[dict[str, Any]]:
    """Each event with where it went, read at once, and whether a function is part of its flow."""
    keys = [object_events.key_of(row.event_id, one["rule"]) for row in rows for one in row.sent]
    known = {one.key: one for one in Delivery.objects.filter(key__in=keys)}
    return [
        {
            "row": row,
            "sent": [_sent(row, one, known) for one in row.sent],
            "flow": bool(row.caused_by) or any(":lambda:" in one["target"] for one in row.sent),
        }
        for row in rows
    ]


def _sent(row: ObjectEvent, one: dict[str, str], known: dict[str, Delivery]) -> dict[str, Any]:
    found = known.get(object_events.key_of(row.event_id, one["rule"]))
    return {
        "name": short_name(one["target"]),
        "target": one["target"],
        "delivery": found,
        "word": "forgotten" if found is None else _WORDS[Delivery.State(found.state)],
    }


def _event(row: ObjectEvent, sent: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "event": row.name,
        "key": row.key,
        "raised_at": row.raised_at.isoformat(),
        "trace_id": row.trace_id,
        "sent": [{"target": one["target"], "state": one["word"]} for one in sent],
    }
