"""The filter explainer: a mapping's filters, or others, against recent records or one that was pasted."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from invocations.admin.mapping_page import mappings_crumb, source_name
from invocations.admin.pages import page, wants_json
from invocations.flows.explain_filter import SHOWN, Answer, BadRecord, Seen, answer_document, explain
from invocations.forms import form_sentence
from invocations.forms.filters import FilterForm, pattern_text
from invocations.models import Mapping


def filter_page(request: HttpRequest, row: Mapping) -> HttpResponse:
    """GET explains the mapping's own filters; POST (or ?pattern=) others. Nothing is taken and nothing is stored."""
    given = request.POST if request.method == "POST" else request.GET
    asked = "pattern" in given or "record" in given
    form = FilterForm(row.source, given if asked else {"pattern": pattern_text(row.filters)})
    answer = _answer(row, form)
    status = 200 if form.is_valid() else 400
    if wants_json(request):
        if answer is None:
            return JsonResponse({"error": "BadRequest", "message": form_sentence(form, fields=True)}, status=400)
        return JsonResponse(answer_document(answer))
    context: dict[str, Any] = {
        "mapping": row,
        "form": form,
        "answer": answer,
        "rows": [_line(seen, explained) for seen, explained in answer.records] if answer else [],
        "what": "message" if row.is_queue else "record",
    }
    above = (f"{source_name(row)} → {row.function}", reverse("admin:invocations_mapping_change", args=[row.pk]))
    return page(request, "console/mapping_filter.html", "Filter explainer", context, [mappings_crumb(), above], status)


def _answer(row: Mapping, form: FilterForm) -> Answer | None:
    if not form.is_valid():
        return None
    try:
        return explain(row, form.cleaned_data["pattern"], form.cleaned_data["record"])
    except BadRecord as reason:
        form.add_error("record", str(reason))
        return None


def _line(seen: Seen, explained: Any) -> dict[str, Any]:
    return {
        "seen": seen,
        "explained": explained,
        "several": len(explained.refusals) + explained.passed > 1,
        "text": shown(seen),
    }


def shown(seen: Seen) -> str:
    """The beginning of what a filter sees, the sender's data if it can be told apart."""
    data = next((seen.view[key] for key in ("body", "data", "value", "dynamodb") if key in seen.view), seen.view)
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
