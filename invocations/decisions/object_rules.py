"""Which events a bucket's rules speak of, which keys they fit, and when two of them overlap. Pure.

Event names as configurations have them (`s3:ObjectCreated:Put`). Filters are literal: they are compared with the key as
it is, not with its encoded form in records, and know no wildcards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from invocations.decisions.constraints import shape_metadata
from invocations.errors import Refusal, UnsupportedOption

PREFIX, SUFFIX = "prefix", "suffix"
FILTER_BYTES = 1024
ID_CHARACTERS = 255
# What writes and deletes through this endpoint can raise. The model's other events tell of restoring, replication,
# life cycles and storage classes, none of which happen here.
OFFERED = frozenset(
    (
        "s3:ObjectCreated:*",
        "s3:ObjectCreated:Put",
        "s3:ObjectCreated:Post",
        "s3:ObjectCreated:Copy",
        "s3:ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectRemoved:*",
        "s3:ObjectRemoved:Delete",
        "s3:ObjectRemoved:DeleteMarkerCreated",
        "s3:ObjectTagging:*",
        "s3:ObjectTagging:Put",
        "s3:ObjectTagging:Delete",
        "s3:ObjectAcl:Put",
    )
)
SERVICES = ("lambda", "sqs", "sns")
OVERLAP = "Configurations overlap. Configurations on the same bucket cannot share a common event type."


@dataclass(frozen=True)
class Rule:
    """One configuration of a bucket: these events of these keys go to that target. None: no such filter."""

    rule_id: str
    service: str  # "lambda", "sqs" or "sns"
    target: str  # ARN
    events: tuple[str, ...]
    prefix: str | None = None
    suffix: str | None = None

    def why_not(self, event: str, key: str) -> str:
        """Say why an event (`s3:ObjectCreated:Put`) of that key is not for this rule; "" when it is."""
        if not any(_covers(one, event) for one in self.events):
            return f"{event} is not one of {', '.join(self.events)}"
        if not key.startswith(self.prefix or ""):
            return f"the key does not begin with '{self.prefix}'"
        if not key.endswith(self.suffix or ""):
            return f"the key does not end with '{self.suffix}'"
        return ""


def to_row(rule: Rule) -> dict[str, Any]:
    """As it is kept."""
    kept = {"id": rule.rule_id, "service": rule.service, "target": rule.target, "events": list(rule.events)}
    filters = {PREFIX: rule.prefix, SUFFIX: rule.suffix}
    return {**kept, **{name: value for name, value in filters.items() if value is not None}}


def from_row(row: dict[str, Any]) -> Rule:
    return Rule(row["id"], row["service"], row["target"], tuple(row["events"]), row.get(PREFIX), row.get(SUFFIX))


def check(rules: Sequence[Rule]) -> None:
    """Raise what S3 answers to rules that cannot stand together; UnsupportedOption for events nobody raises here."""
    for rule in rules:
        for event in rule.events:
            _check_event(event)
        for value in (rule.prefix, rule.suffix):
            if value is not None and len(value.encode()) > FILTER_BYTES:
                raise invalid("Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation")
        if len(rule.rule_id) > ID_CHARACTERS:
            raise invalid("Id length should not exceed 255 characters.", "Id", rule.rule_id)
    ids = [rule.rule_id for rule in rules]
    if len(set(ids)) < len(ids):
        raise invalid("Same ID used for multiple configurations. IDs must be unique")
    if any(overlap(one, other) for one, other in combinations(rules, 2)):
        raise invalid(OVERLAP)


def _check_event(event: str) -> None:
    if event in OFFERED:
        return
    if event in shape_metadata("Event", "s3")["enum"]:
        raise UnsupportedOption(
            f"lambdaplay does not offer the event {event}: nothing here raises it. Offered are "
            f"{', '.join(sorted(OFFERED))}."
        )
    raise invalid("The event is not supported for notifications", "Event", event)


def invalid(message: str, name: str = "", value: str = "") -> Refusal:
    """S3's InvalidArgument, with the argument where it names one."""
    extra = {"ArgumentName": name, "ArgumentValue": value} if name else {}
    return Refusal(message, code="InvalidArgument", extra=extra)


def overlap(one: Rule, other: Rule) -> bool:
    """Whether some event of some key would be for both."""
    shared = any(_covers(a, b) or _covers(b, a) for a in one.events for b in other.events)
    return shared and _nested(one.prefix, other.prefix) and _nested(_turned(one.suffix), _turned(other.suffix))


def _turned(suffix: str | None) -> str:
    return (suffix or "")[::-1]


def _nested(one: str | None, other: str | None) -> bool:
    a, b = one or "", other or ""
    return a.startswith(b) or b.startswith(a)


def _covers(pattern: str, event: str) -> bool:
    return pattern == event or (pattern.endswith(":*") and event.startswith(pattern[:-1]))


def read_filter(given: Iterable[tuple[str, str]]) -> tuple[str | None, str | None]:
    """Return prefix and suffix of a filter's rules, whose names come in any case. Raises InvalidArgument."""
    found: dict[str, str] = {}
    for name, value in given:
        kind = name.lower()
        if kind not in (PREFIX, SUFFIX):
            raise invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", name)
        if kind in found:
            raise invalid(f"Cannot specify more than one {kind} rule in a filter.", "FilterRule.Name", name)
        found[kind] = value
    return found.get(PREFIX), found.get(SUFFIX)
