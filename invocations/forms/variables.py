"""Environment variables as lines of text: NAME=value. A value that holds a line break is written as a JSON string."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django import forms


class VariablesField(forms.CharField):
    """Cleans to a dict of strings."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "c-mono", "placeholder": "NAME=value"})

    def __init__(self) -> None:
        super().__init__(
            required=False, strip=False, label="Environment variables", help_text="One a line: NAME=value, 4 KB in all."
        )

    def clean(self, value: object) -> dict[str, str]:
        return variables_from_text(str(super().clean(value) or ""))


def variables_from_text(text: str) -> dict[str, str]:
    """Read the lines. Raises forms.ValidationError that names the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals or not name:
            raise forms.ValidationError(f"Line {number} must read NAME=value.")
        if name in found:
            raise forms.ValidationError(f"Line {number}: {name} is there twice.")
        found[name] = _value(value, number)
    return found


def _value(text: str, number: int) -> str:
    if not text.startswith('"'):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        raise forms.ValidationError(f"Line {number}: a value that begins with a quote must be a JSON string.") from None
    if not isinstance(value, str):
        raise forms.ValidationError(f"Line {number}: the value must be a JSON string.")
    return value


def variables_to_text(variables: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={_shown(value)}" for name, value in variables.items())


def _shown(value: str) -> str:
    plain = not value.startswith('"') and len(value.splitlines()) <= 1 and not value.endswith(("\n", "\r"))
    return value if plain else json.dumps(value)
