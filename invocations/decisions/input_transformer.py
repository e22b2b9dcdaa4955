"""What a rule's target gets instead of the event: a template with <placeholders>. Pure.

Source: recorded answers of EventBridge. A template that begins with `{` is a JSON template, any other is text:

    {"id": <id>, "line": "order <id>"}     outside quotes a value is written as JSON, inside them as its text
    "order <id> of <customer>"             an object inside a text loses its quotation marks, a list is [a,b]

What a path does not find is an empty string. A JSON template that does not come out as JSON (an object inside quotes)
cannot be delivered: InvalidResult.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from invocations.decisions.json_path import Missing, compile_path, select
from invocations.decisions.payloads import json_error

RULE_ARN, RULE_NAME = "aws.events.rule-arn", "aws.events.rule-name"
INGESTION_TIME = "aws.events.event.ingestion-time"
EVENT, EVENT_JSON = "aws.events.event", "aws.events.event.json"
RESERVED = frozenset((RULE_ARN, RULE_NAME, INGESTION_TIME, EVENT, EVENT_JSON))

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
# The members of <aws.events.event> as recorded: not the envelope's order, and `detailType` in one word.
_EVENT_MEMBERS = {"detailType": "detail-type"}
_EVENT_ORDER = ("id", "account", "detailType", "time", "source", "region", "resources", "version")


class InvalidResult(ValueError):
    """The template's JSON came out broken; a target never gets it."""


@dataclass(frozen=True)
class Circumstances:
    """What the reserved placeholders stand for, beside the event."""

    rule_arn: str
    rule_name: str
    ingestion_time: str  # ISO 8601, UTC
    event_text: str  # the whole event as its target would get it


def problem(template: str, paths: Mapping[str, str]) -> str:
    """Say what PutTargets would (without "InputTemplate for target <id>"), "" when nothing is wrong."""
    is_json = _is_json(template)
    for name in _PLACEHOLDER.findall(template):
        if name not in paths and name not in RESERVED:
            return f"contains invalid placeholder {name}."
        if name == EVENT_JSON and not is_json:
            return f"contains placeholder {name} valid only for JSON template."
    return ""


def transform(template: str, paths: Mapping[str, str], event: Mapping[str, Any], more: Circumstances) -> str:
    """Fill in the template. Raises InvalidResult."""
    is_json = _is_json(template)
    values = {name: select(compile_path(path), event) for name, path in paths.items()}
    values |= {RULE_ARN: more.rule_arn, RULE_NAME: more.rule_name, INGESTION_TIME: more.ingestion_time}
    values[EVENT] = _without_detail(event, more)
    made = "".join(_parts(template, values, more, is_json))
    if is_json and json_error(made.encode()) is not None:
        raise InvalidResult("The input transformer's template did not come out as JSON.")
    return made


def _is_json(template: str) -> bool:
    return template.lstrip().startswith("{")


def _parts(template: str, values: Mapping[str, Any], more: Circumstances, is_json: bool) -> Iterator[str]:
    at, quoted = 0, False
    for match in _PLACEHOLDER.finditer(template):
        between = template[at : match.start()]
        quoted = _is_quoted_after(between, quoted)
        yield between
        at = match.end()
        if match[1] == EVENT_JSON:
            yield more.event_text
        else:
            yield _written(values.get(match[1], Missing), quoted, is_json)
    yield template[at:]


def _is_quoted_after(text: str, quoted: bool) -> bool:
    """Whether one is inside a JSON string behind this text."""
    marks = re.sub(r"\\.", "", text, flags=re.S).count('"')
    return quoted != bool(marks % 2)


def _written(value: Any, quoted: bool, is_json: bool) -> str:
    if value is Missing:
        value = ""
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return text[1:-1] if quoted else text
    if is_json or not isinstance(value, (dict, list)):
        return compact(value)
    return compact(value).replace('"', "")


def compact(value: Any) -> str:
    """JSON without blanks. Raises ValueError for numbers that JSON does not have."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _without_detail(event: Mapping[str, Any], more: Circumstances) -> dict[str, Any]:
    found = {name: event.get(_EVENT_MEMBERS.get(name, name)) for name in _EVENT_ORDER}
    return {**found, "time": more.ingestion_time}
