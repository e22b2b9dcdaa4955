"""From the members of a JSON object to what a form takes: the same form then serves pages and programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms

# Of EventBridge, and named because people will look for them.
_NOT_OFFERED = {
    "archive": "archives and replays are not offered",
    "retention_days": "archives and replays are not offered",
    "event_source_name": "partner event sources are not offered",
    "kms_key_identifier": "events are not encrypted with KMS keys",
    "role_arn": "roles are not evaluated",
}


class BadMembers(ValueError):
    """The object is not what the form takes; the text says what to change."""


def members_of(body: bytes) -> dict[str, Any]:
    """Read a request's body. Raises BadMembers."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMembers(f"The body is not JSON: {error}.") from None
    if not isinstance(found, dict):
        raise BadMembers("The body is not a JSON object.")
    return found


def form_fields(form: type[forms.Form], members: Mapping[str, Any]) -> dict[str, Any]:
    """What the form is to be filled with: what is left out has its initial value. Raises BadMembers."""
    fields: Mapping[str, forms.Field] = form.base_fields
    for name in members:
        if name in _NOT_OFFERED:
            raise BadMembers(f"{name} is refused: {_NOT_OFFERED[name]}.")
        if name not in fields:
            raise BadMembers(f"There is no member {name[:40]}; there are {', '.join(fields)}.")
    given = {name: _plain(value) for name, value in members.items() if value is not None}
    return {**{name: field.initial for name, field in fields.items() if field.initial is not None}, **given}


def _plain(value: Any) -> Any:
    """Objects and lists, such as a pattern, as the JSON text that somebody would type."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
