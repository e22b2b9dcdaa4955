"""Targets of rules: where an event goes, and as what. All that is wrong with one is said when it is put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from invocations.arns import Arn, parse_arn
from invocations.decisions import input_transformer
from invocations.decisions.json_path import InvalidPath, compile_path
from invocations.decisions.payloads import json_error
from invocations.engines.events import limits, rules
from invocations.engines.events.errors import InvalidRequest, LimitExceeded, Unsupported, invalid, missing_rule
from invocations.engines.events.naming import BusName, bus_of_arn
from invocations.models import Rule, RuleTarget

KINDS = ("lambda", "sqs", "sns", "events")


@dataclass(frozen=True)
class TargetSpec:
    """A target as PutTargets gives it; None is what was not given."""

    target_id: str
    arn: str
    role_arn: str | None = None
    constant: str | None = None
    path: str | None = None
    template: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    has_sqs_parameters: bool = False
    group: str | None = None
    max_retries: int | None = None
    max_age_seconds: int | None = None
    dead_letter_arn: str | None = None
    others: Sequence[str] = ()  # parameters of kinds of targets that are not offered


@dataclass(frozen=True)
class Failure:
    """Why one target of a request was not removed."""

    target_id: str
    code: str
    message: str


def put(named: BusName, rule_name: str, specs: Sequence[TargetSpec]) -> None:
    """Add targets to a rule, or replace those of the same id: all or none. Raises BusRefusal."""
    rule = rules.need(named, rule_name)
    for spec in specs:
        check(spec, rule)
    by_id = {spec.target_id: spec for spec in specs}
    try:
        with transaction.atomic():
            kept = RuleTarget.objects.filter(rule=_locked(rule)).exclude(target_id__in=by_id)
            if kept.count() + len(by_id) > limits.TARGETS:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            for spec in by_id.values():
                RuleTarget.objects.update_or_create(
                    rule=rule, target_id=spec.target_id, defaults=columns(spec), create_defaults=columns(spec)
                )
    except IntegrityError:  # the rule was deleted in the same moment
        raise missing_rule(rule_name, named.name) from None


def _locked(rule: Rule) -> Rule:
    found = Rule.objects.select_for_update(no_key=True).filter(pk=rule.pk).first()
    if found is None:
        raise missing_rule(rule.name, rule.bus.name)
    return found


def columns(spec: TargetSpec) -> dict[str, object]:
    return {
        "arn": spec.arn,
        "role_arn": spec.role_arn or "",
        "constant": spec.constant or "",
        "path": spec.path or "",
        "template": spec.template or "",
        "paths": dict(spec.paths),
        "group": spec.group or "",
        "max_retries": spec.max_retries,
        "max_age_seconds": spec.max_age_seconds,
        "dead_letter_arn": spec.dead_letter_arn or "",
    }


def check(spec: TargetSpec, rule: Rule) -> None:
    """Raise ValidationException for the first thing that is wrong with a target."""
    arn = _arn(spec.arn)
    if spec.others:
        raise InvalidRequest(f"Parameter(s) {spec.others[0]} not supported for target: {spec.target_id}.")
    if arn.service not in KINDS or (arn.service == "events" and bus_of_arn(spec.arn) is None):
        raise Unsupported(
            f"lambdaplay does not offer {arn.service} ({arn.text}) as a target: a rule sends to Lambda functions, "
            f"SQS queues, SNS topics and event buses (target: {spec.target_id})."
        )
    if arn.service == "sqs" and arn.resource.endswith(".fifo") and not spec.has_sqs_parameters:
        raise InvalidRequest(f"Parameter(s) SqsParameters must be specified for target: {spec.target_id}.")
    _check_input(spec, arn)
    if spec.dead_letter_arn is not None:
        _check_dead_letter_queue(_arn(spec.dead_letter_arn), rule)


def _arn(text: str) -> Arn:
    arn = parse_arn(text)
    if arn is None:
        raise invalid(text, "Provided Arn is not in correct format.")
    return arn


def _check_input(spec: TargetSpec, arn: Arn) -> None:
    given = [one for one in (spec.constant, spec.path, spec.template) if one is not None]
    if len(given) > 1:
        raise InvalidRequest(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {spec.target_id}."
        )
    if given and arn.service == "events":
        raise InvalidRequest(f"Modifying the input for target {spec.target_id} is not supported.")
    if spec.constant is not None and json_error(spec.constant.encode()) is not None:
        raise InvalidRequest(f"JSON syntax error in input for target {spec.target_id}.")
    for path in [*spec.paths.values(), *([] if spec.path is None else [spec.path])]:
        try:
            compile_path(path)
        except InvalidPath:
            raise InvalidRequest(f"InputPath for target {spec.target_id} is invalid.") from None
    if spec.template is not None:
        problem = input_transformer.problem(spec.template, spec.paths)
        if problem:
            raise InvalidRequest(f"InputTemplate for target {spec.target_id} {problem}")


def _check_dead_letter_queue(arn: Arn, rule: Rule) -> None:
    if arn.service != "sqs":
        raise InvalidRequest(f"{arn.service} is not supported as a dead letter resource.")
    if arn.resource.endswith(".fifo"):
        raise InvalidRequest("SQS FIFO is not supported by Dead Letter Queues.")
    if arn.region != rule.bus.region:
        raise InvalidRequest(f"The dead letter queue {arn.text} must be in the rule's region, {rule.bus.region}.")


def listed(rule: Rule, after: str = "", most: int = limits.LIST_ITEMS) -> list[RuleTarget]:
    """Targets by id, those behind `after`; one more than `most` when there are more."""
    return list(RuleTarget.objects.filter(rule=rule, target_id__gt=after).order_by("target_id")[: most + 1])


def remove(named: BusName, rule_name: str, ids: Sequence[str]) -> list[Failure]:
    """Remove targets; those that are not there are told. Raises ResourceNotFoundException."""
    rule = rules.need(named, rule_name)
    failed = []
    with transaction.atomic():
        for target_id in dict.fromkeys(ids):
            gone, _ = RuleTarget.objects.filter(rule=rule, target_id=target_id).delete()
            if not gone:
                message = f"Rule '{rule.name}' does not have a target with the Id '{target_id}'."
                failed.append(Failure(target_id, "ResourceNotFoundException", message))
    return failed
