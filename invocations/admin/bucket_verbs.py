"""What the buttons of a bucket's page do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.bucket_page import bucket_page
from invocations.admin.pages import plain
from invocations.errors import Refusal, ResourceNotFound
from invocations.flows import bucket_rules
from invocations.forms import refusal_sentence
from invocations.forms.buckets import RuleForm
from invocations.models import Bucket
from invocations.values import Scope


def _back(bucket: Bucket) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_bucket_change", args=[bucket.pk]))


def make(request: HttpRequest, scope: Scope, again: Callable[[RuleForm], HttpResponse]) -> HttpResponse:
    """The first rule of a bucket; `again` shows the form with what is wrong."""
    form = RuleForm(request.POST)
    if not form.is_valid() or not _added(request, form, scope):
        return again(form)
    found = Bucket.objects.named(scope.account, form.cleaned_data["bucket"])
    return _back(found) if found else HttpResponseRedirect(reverse("admin:invocations_bucket_changelist"))


def add(request: HttpRequest, bucket: Bucket) -> HttpResponse:
    form = RuleForm({**request.POST.dict(), "events": request.POST.getlist("events"), "bucket": bucket.name})
    if not form.is_valid() or not _added(request, form, bucket.scope):
        return bucket_page(request, bucket, form=form, status=400)
    return _back(bucket)


def _added(request: HttpRequest, form: RuleForm, scope: Scope) -> bool:
    try:
        added = bucket_rules.add(scope, form.cleaned_data["bucket"], form.rule(scope))
    except Refusal as refusal:
        form.add_error(None, _sentence(refusal))
        return False
    messages.success(request, f"The rule is in force. {added.permitted}".strip())
    return True


def _sentence(refusal: Refusal) -> str:
    """What S3 says of destinations stands in its numbered arguments."""
    more = refusal.extra.get("ArgumentValue1") or refusal.extra.get("ArgumentValue")
    return refusal_sentence(refusal) + (f" ({more})" if more else "")


def remove(request: HttpRequest, bucket: Bucket) -> HttpResponse:
    try:
        bucket_rules.remove(bucket.scope, bucket.name, plain(request.POST.get("rule"), 255))
        messages.success(request, "The rule is gone. What its target's policy permits stays.")
    except ResourceNotFound:
        messages.warning(request, "That rule is not there any more.")
    return _back(bucket)


def event_bridge(request: HttpRequest, bucket: Bucket) -> HttpResponse:
    enabled = request.POST.get("enabled") == "1"
    bucket_rules.tell_bus(bucket.scope, bucket.name, enabled)
    messages.success(request, f"The default bus gets {'every change' if enabled else 'nothing'} of {bucket.name} now.")
    return _back(bucket)
