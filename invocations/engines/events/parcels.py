"""From an event and a rule's target to what the outbox sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from invocations.decisions.event_envelope import Envelope
from invocations.decisions.input_transformer import Circumstances, InvalidResult, compact, transform
from invocations.decisions.json_path import Missing, compile_path, select
from invocations.decisions.payloads import json_error
from invocations.engines.events import limits
from invocations.models import Rule, RuleTarget
from invocations.values import Attributes, Parcel, Scope

PRINCIPAL = "events.amazonaws.com"
RULE = "rule"
INVALID_JSON = "INVALID_JSON"


@dataclass(frozen=True)
class Arrival:
    """One coming of one event to one bus. `via` is the ARN of the bus that passed it on, "" when a sender put it."""

    key: str
    event: Envelope
    received: str  # ISO 8601, UTC: <aws.events.event.ingestion-time>
    via: str = ""
    trace_id: str = ""
    hops: int = 0
    caused_by: str = ""


def key_of(arrival: str, rule_id: int, target_id: str) -> str:
    """What one arrival, rule and target have in the outbox, and nothing else has."""
    return f"{arrival}:{rule_id}:{target_id}"


def parcel(arrival: Arrival, rule: Rule, target: RuleTarget) -> Parcel:
    """Return what goes to a target. Raises InvalidResult where its template does not come out as JSON."""
    return _parcel(arrival, rule, target, target.arn, body_for(target, rule, arrival))


def dead_letter(arrival: Arrival, rule: Rule, target: RuleTarget, error: InvalidResult) -> Parcel | None:
    """Return what the target's dead-letter queue gets of an event that could not be made into its input."""
    if not target.dead_letter_arn:
        return None
    facts = {"{error_code}": INVALID_JSON, "{error_message}": str(error), "{condition}": "", "{retries}": "0"}
    attributes = {
        name: {**one, "value": facts.get(one["value"], one["value"])}
        for name, one in _dead_letter_attributes(rule, target).items()
        if facts.get(one["value"], one["value"])
    }
    return _parcel(arrival, rule, target, target.dead_letter_arn, arrival.event.text.encode(), attributes)


def _parcel(
    arrival: Arrival,
    rule: Rule,
    target: RuleTarget,
    arn: str,
    body: bytes,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
) -> Parcel:
    retries = limits.RETRIES if target.max_retries is None else target.max_retries
    return Parcel(
        key=key_of(arrival.key, rule.pk, target.target_id),
        kind=RULE,
        source_arn=rule.arn,
        target=arn,
        body=body,
        scope=Scope(rule.bus.account, rule.bus.region),
        principal=PRINCIPAL,
        policy_arn=rule.arn,
        attributes=attributes or {},
        options=_options(arrival, rule, target),
        trace_id=arrival.trace_id,
        hops=arrival.hops,
        caused_by=arrival.caused_by,
        max_age_seconds=limits.AGE_SECONDS if target.max_age_seconds is None else target.max_age_seconds,
        max_tries=retries + 1,
        dead_letter_arn=target.dead_letter_arn if attributes is None else "",
        dead_letter_attributes=_dead_letter_attributes(rule, target),
        dead_letter_body=arrival.event.text.encode(),
    )


def _options(arrival: Arrival, rule: Rule, target: RuleTarget) -> dict[str, str]:
    options = {"group": target.group, "bus": rule.bus.arn, "via": arrival.via}
    return {name: value for name, value in options.items() if value}


def _dead_letter_attributes(rule: Rule, target: RuleTarget) -> Attributes:
    values = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target.arn,
        "ERROR_CODE": "{error_code}",
        "ERROR_MESSAGE": "{error_message}",
        "EXHAUSTED_RETRY_CONDITION": "{condition}",
        "RETRY_ATTEMPTS": "{retries}",
    }
    return {name: {"type": "String", "value": value} for name, value in values.items()}


def body_for(target: RuleTarget, rule: Rule, arrival: Arrival) -> bytes:
    """Return the event, or what the target's Input, InputPath or InputTransformer makes of it. Raises InvalidResult."""
    event = arrival.event
    if target.constant:
        return target.constant.encode()
    if target.path:
        found = select(compile_path(target.path), event.document)
        return event.text.encode() if found is event.document else compact(None if found is Missing else found).encode()
    if not target.template:
        return event.text.encode()
    more = Circumstances(rule.arn, rule.name, arrival.received, event.text)
    made = transform(target.template, target.paths, event.document, more)
    if target.arn.split(":")[2] == "lambda" and json_error(made.encode()) is not None:
        made = json.dumps(made, ensure_ascii=False)  # a function takes JSON: a text that is none becomes a string
    return made.encode()
