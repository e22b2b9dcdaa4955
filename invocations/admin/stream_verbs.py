"""What the stream page's buttons do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.pages import page
from invocations.admin.stream_page import stream_page, streams_crumb
from invocations.engines.kinesis import browsing, putting, removal
from invocations.engines.kinesis.errors import StreamRefusal
from invocations.forms import refusal_sentence
from invocations.forms.streams import PutForm
from invocations.models import Stream


def put(request: HttpRequest, stream: Stream) -> HttpResponse:
    form = PutForm(request.POST)
    if form.is_valid() and form.entry().size > stream.max_record_kib * 1024:
        form.add_error("body", f"With its key this is more than the {stream.max_record_kib} KiB this stream takes.")
    if not form.is_valid():
        return stream_page(request, stream, form=form, status=400)
    try:
        done = putting.put(stream, [form.entry()])[0]
    except StreamRefusal as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return stream_page(request, stream, form=form, status=400)
    messages.success(request, f"Put into {done.shard_id} as {done.sequence_number}.")
    place = reverse("admin:invocations_stream_change", args=[stream.pk])
    return HttpResponseRedirect(f"{place}?shard={done.shard_id}")


def delete(request: HttpRequest, stream: Stream) -> HttpResponse:
    if request.method == "POST":
        removal.delete(stream)
        messages.success(request, f"{stream.name} is deleted.")
        return HttpResponseRedirect(reverse("admin:invocations_stream_changelist"))
    records = sum(lane.records for lane in browsing.lanes(stream))
    context = {"stream": stream, "records": records}
    return page(request, "console/stream_delete.html", f"Delete {stream.name}", context, [streams_crumb()])
