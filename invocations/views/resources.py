"""`/buses/`, `/topics/` and what is below them: made by the console's own forms, for programs and for other pages.

POST takes a form's fields or a JSON object, with an access key (HTTP Basic) or the console's session and a CSRF token.
JSON is answered with 201 and what was made; a browser is led to its page in the console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from invocations.engines.events import buses, rules
from invocations.engines.events.naming import BusName
from invocations.engines.sns import subscriptions, topics
from invocations.engines.sns.naming import TopicName
from invocations.engines.sns.subscriptions import Subscriber
from invocations.errors import LambdaplayError, Refusal
from invocations.flows import rule_making
from invocations.forms import form_sentence, refusal_sentence
from invocations.forms.members import BadMembers, form_fields, members_of
from invocations.forms.refusals import refusal_status
from invocations.forms.rules import BusForm, RuleForm, TargetForm
from invocations.forms.topics import CreateTopicForm, SubscribeForm
from invocations.values import Scope
from invocations.views.access import AnotherSite, WrongKey, basic_key
from invocations.views.answers import is_json, problem, wants_json


@dataclass(frozen=True)
class Made:
    """What a submission made: as JSON, and its page in the console."""

    document: Mapping[str, Any]
    page: str


Kind = TypeVar("Kind", bound=forms.Form)
Work = Callable[[HttpRequest, Scope, Mapping[str, str]], Made]


class Wrong(Exception):
    """The submission is refused; the text says what to change."""


def _view(permission: str, work: Work) -> Callable[..., HttpResponse]:
    """The door: who is it, what was sent, and what is answered when it is refused."""

    @csrf_exempt  # a key in the header is proof enough; a session is not, and is protected below
    @never_cache
    @require_POST
    def view(request: HttpRequest, **names: str) -> HttpResponse:
        try:
            key = basic_key(request)
            if key is None:
                return with_session(request, names)
            return answer(request, Scope(key.account, settings.LAMBDAPLAY_REGION), names)
        except WrongKey:
            return problem(request, 401, "Unauthorized", "The access key or its secret is wrong, or it is revoked.")
        except AnotherSite:
            return problem(request, 403, "AccessDeniedException", "A page of another site may not use your access key.")
        except RequestDataTooBig:
            return problem(request, 413, "BadRequest", "The submission is far larger than any of these.")

    @csrf_protect
    def with_session(request: HttpRequest, names: Mapping[str, str]) -> HttpResponse:
        if not request.user.is_authenticated:
            if wants_json(request):
                told = "Log in, or send an access key and its secret with HTTP Basic."
                return problem(request, 401, "Unauthorized", told)
            return redirect_to_login(reverse("admin:index"))
        if not request.user.has_perm(permission):
            return problem(request, 403, "AccessDeniedException", "Your account may not do this.")
        return answer(request, Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION), names)

    def answer(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> HttpResponse:
        try:
            made = work(request, scope, names)
        except (BadMembers, Wrong) as wrong:
            return problem(request, 400, "BadRequest", str(wrong))
        except LambdaplayError as error:
            code = error.code if isinstance(error, Refusal) else "ServiceUnavailableException"
            return problem(request, refusal_status(error), code, refusal_sentence(error))
        return JsonResponse(made.document, status=201) if wants_json(request) else HttpResponseRedirect(made.page)

    return view


def _filled(kind: type[Kind], request: HttpRequest, given: Mapping[str, Any]) -> Kind:
    """The form with what was sent. Raises BadMembers, Wrong."""
    form = kind(form_fields(kind, given) if is_json(request) else given)
    if not form.is_valid():
        raise Wrong(form_sentence(form, fields=True))
    return form


def _given(request: HttpRequest) -> dict[str, Any]:
    return members_of(request.body) if is_json(request) else request.POST.dict()


def _bus(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> Made:
    given = _filled(BusForm, request, _given(request)).cleaned_data
    bus = buses.create(scope, given["name"], given["description"], {})
    return Made({"name": bus.name, "arn": bus.arn}, reverse("admin:invocations_bus_change", args=[bus.pk]))


def _rule(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> Made:
    """JSON may have the first target as an object, `target`; a form has its fields beside the rule's."""
    given = _given(request)
    inner = given.pop("target", None) if is_json(request) else given if given.get("arn") else None
    if inner is not None and not isinstance(inner, dict):
        raise Wrong("target is not a JSON object.")
    form = _filled(RuleForm, request, given)
    target = None if inner is None else _filled(TargetForm, request, inner)
    made = rule_making.make(
        BusName(scope, names["bus"]),
        form.spec(),
        None if target is None else target.spec(),
        permit=target is not None and bool(target.cleaned_data["permit"]),
    )
    verdict = form.verdict()
    sample = {} if verdict is None else {"sample_matches": verdict["matches"], "sample_why": verdict["why"] or None}
    return _of_rule(made, sample)


def _target(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> Made:
    form = _filled(TargetForm, request, _given(request))
    rule = rules.need(BusName(scope, names["bus"]), names["rule"])
    return _of_rule(rule_making.add_target(rule, form.spec(), permit=form.cleaned_data["permit"]), {})


def _of_rule(made: rule_making.Made, more: Mapping[str, Any]) -> Made:
    rule = made.rule
    sent = [{"id": one.target_id, "arn": one.arn} for one in rule.targets.order_by("target_id")]
    document = {"name": rule.name, "arn": rule.arn, "state": rule.state, "targets": sent}
    place = reverse("admin:invocations_bus_rule", args=[rule.bus_id, rule.pk])
    return Made({**document, "permitted": made.permitted or None, **more}, place)


def _topic(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> Made:
    form = _filled(CreateTopicForm, request, _given(request))
    topic = topics.create(scope, form.cleaned_data["name"], form.attributes())
    return Made({"name": topic.name, "arn": topic.arn}, reverse("admin:invocations_topic_change", args=[topic.pk]))


def _subscription(request: HttpRequest, scope: Scope, names: Mapping[str, str]) -> Made:
    form = _filled(SubscribeForm, request, _given(request))
    topic = topics.find(TopicName(scope, names["topic"]))
    who = Subscriber(scope.account, f"arn:aws:iam::{scope.account}:root")
    given = form.cleaned_data
    made = subscriptions.subscribe(topic, given["protocol"], given["endpoint"], form.attributes(), who)
    document = {"topic": topic.arn, "arn": made.arn, "endpoint": made.endpoint, "state": made.state}
    return Made(document, reverse("admin:invocations_topic_change", args=[topic.pk]))


create_bus = _view("invocations.add_bus", _bus)
create_rule = _view("invocations.change_bus", _rule)
put_target = _view("invocations.change_bus", _target)
create_topic = _view("invocations.add_topic", _topic)
subscribe = _view("invocations.change_topic", _subscription)
