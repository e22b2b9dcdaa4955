"""A notification configuration as XML, both ways. The older operations' form is read, too: it has the same elements."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from invocations.decisions.object_rules import Rule, read_filter
from invocations.errors import Refusal, UnsupportedOption
from invocations.flows.buckets import Wish
from invocations.wire.protocol.xml import children, escape, local_name, parse, text_of

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# A configuration's element, the element of its target, and the service that the target belongs to.
_KINDS = (
    ("TopicConfiguration", "Topic", "sns"),
    ("QueueConfiguration", "Queue", "sqs"),
    ("CloudFunctionConfiguration", "CloudFunction", "lambda"),
)
_BUS = "EventBridgeConfiguration"
_ROOT = "NotificationConfiguration"
_MALFORMED = "The XML you provided was not well-formed or did not validate against our published schema"


def malformed() -> Refusal:
    return Refusal(_MALFORMED, code="MalformedXML")


def read(body: bytes) -> Wish:
    """Raises MalformedXML, InvalidArgument for a filter that is none, UnsupportedOption."""
    root = parse(body)
    if root is None or local_name(root) != _ROOT:
        raise malformed()
    kinds = {name: (target, service) for name, target, service in _KINDS}
    found: dict[str, list[Rule]] = {service: [] for _, _, service in _KINDS}
    event_bridge = False
    for element in root:
        name = local_name(element)
        if name == _BUS:
            event_bridge = True
        elif name in kinds:
            target, service = kinds[name]
            found[service].append(_rule(element, target, service))
        else:
            raise malformed()
    return Wish([rule for _, _, service in _KINDS for rule in found[service]], event_bridge)


def _rule(element: Element, target: str, service: str) -> Rule:
    known = {"Id", "Event", "Filter", target}
    for child in element:
        if local_name(child) == "InvocationRole":
            raise UnsupportedOption("lambdaplay does not offer InvocationRole: a function's policy lets S3 in.")
        if local_name(child) not in known:
            raise malformed()
    arn = text_of(element, target)
    events = tuple(child.text or "" for child in children(element, "Event"))
    if not arn or not events:
        raise malformed()
    prefix, suffix = read_filter(_filter_rules(element))
    return Rule(text_of(element, "Id") or "", service, arn, tuple(dict.fromkeys(events)), prefix, suffix)


def _filter_rules(element: Element) -> Iterable[tuple[str, str]]:
    for one in children(element, "Filter"):
        for key in children(one, "S3Key"):
            for rule in children(key, "FilterRule"):
                yield text_of(rule, "Name") or "", text_of(rule, "Value") or ""


def write(wish: Wish) -> bytes:
    parts = [_element(rule, *kind[:2]) for kind in _KINDS for rule in wish.rules if rule.service == kind[2]]
    if wish.event_bridge:
        parts.append(f"<{_BUS}></{_BUS}>")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{_ROOT} xmlns="{_NAMESPACE}">'
    return f"{head}{''.join(parts)}</{_ROOT}>".encode()


def _element(rule: Rule, name: str, target: str) -> str:
    filters = (("Prefix", rule.prefix), ("Suffix", rule.suffix))
    rules = "".join(
        f"<FilterRule><Name>{kind}</Name><Value>{escape(value)}</Value></FilterRule>"
        for kind, value in filters
        if value is not None
    )
    events = "".join(f"<Event>{escape(event)}</Event>" for event in rule.events)
    told = f"<Filter><S3Key>{rules}</S3Key></Filter>" if rules else ""
    where = f"<{target}>{escape(rule.target)}</{target}>"
    return f"<{name}><Id>{escape(rule.rule_id)}</Id>{where}{events}{told}</{name}>"
