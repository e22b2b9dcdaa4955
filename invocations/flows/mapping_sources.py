"""From an ARN to the kind of its source, and whether that source can be mapped to that function."""

from __future__ import annotations

from invocations.arns import parse_arn
from invocations.decisions import mapping_options as rules
from invocations.errors import InvalidParameterValue, UnsupportedOption
from invocations.flows.targets import Target
from invocations.models import Mapping
from invocations.sources import SourceTrouble, queue, registry, stream
from invocations.values import Place

_KNOWN = {"sqs": rules.SQS, "kinesis": rules.KINESIS, "dynamodb": rules.DYNAMODB, "kafka": rules.MSK}
_LATER = {"mq": "Amazon MQ", "rds": "Amazon DocumentDB"}


def kind_of(arn: str | None) -> str:
    """The kind of source (see decisions/mapping_options.py). Raises InvalidParameterValue, UnsupportedOption."""
    parts = parse_arn(arn or "")
    if parts is None:
        raise InvalidParameterValue("Unrecognized event source.")
    if parts.service in _LATER:
        raise UnsupportedOption(f"lambdaplay does not support {_LATER[parts.service]} as an event source yet ({arn}).")
    kind = _KNOWN.get(parts.service)
    if kind is None or not _is_source(kind, parts.resource):
        raise InvalidParameterValue("Unrecognized event source.")
    if family_of(kind) not in registry():
        raise UnsupportedOption(f"lambdaplay does not support {parts.service} as an event source yet ({arn}).")
    if kind == rules.KINESIS and ("/consumer/" in parts.resource or not parts.resource.startswith("stream/")):
        raise UnsupportedOption(f"lambdaplay does not offer enhanced fan-out; use the stream's ARN instead of {arn}.")
    return rules.FIFO if kind == rules.SQS and parts.resource.endswith(".fifo") else kind


def _is_source(kind: str, resource: str) -> bool:
    """Whether a resource of that service can be polled: a table cannot, its stream can."""
    if kind == rules.DYNAMODB:
        return "/stream/" in resource
    return kind != rules.MSK or resource.startswith("cluster/")


def kind_of_row(row: Mapping) -> str:
    return kind_of(row.source_arn) if row.source_arn else rules.SELF_MANAGED


def family_of(kind: str) -> str:
    """Mapping.source: what differs in its options only is polled by one source."""
    return {rules.FIFO: rules.SQS, rules.MSK: Mapping.Source.KAFKA}.get(kind, kind)


def check(kind: str, place: Place, target: Target) -> None:
    """Raise InvalidParameterValue unless the source is there and its messages outlast the function."""
    family = family_of(kind)
    try:
        if rules.is_stream(kind):
            stream(family, place.arn).check(place)
            return
        visibility = queue(family, place.arn).open(place.arn).visibility_seconds
    except SourceTrouble as trouble:
        raise InvalidParameterValue(str(trouble)) from trouble
    problem = rules.visibility_problem(visibility, target.version.timeout_seconds)
    if problem:
        raise InvalidParameterValue(problem)
