"""A mapping's filters tried on records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django import forms

from invocations.decisions.mapping_options import compile_patterns
from invocations.decisions.record_filters import FILTERS_MAX, InvalidFilter

_CODE = {"spellcheck": "false", "class": "c-mono"}
NOT_JSON = "The pattern is not JSON: {}. A filter is an object such as {}; several are a list of objects."
EXAMPLE = '{"body": {"kind": ["order"]}}'


class FilterForm(forms.Form):
    """One pattern, or a list of them that are ORed; and perhaps a record to try them on."""

    pattern = forms.CharField(
        required=False,
        max_length=5 * 4096,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, **_CODE}),
        help_text="A filter pattern, or a list of patterns of which one must fit; empty: everything passes",
    )
    record = forms.CharField(
        required=False,
        max_length=1_048_576,
        widget=forms.Textarea(attrs={"rows": 8, **_CODE}),
        help_text="Empty: recent ones of the source, which stay where they are. A record or event as the function gets "
        "it, or the sender's data alone",
    )

    def __init__(self, source: str, *args: Any, **kwargs: Any) -> None:
        self._source = source
        super().__init__(*args, **kwargs)

    def clean_pattern(self) -> list[str]:
        """The patterns, each as JSON text."""
        text: str = self.cleaned_data["pattern"].strip()
        if not text:
            return []
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(NOT_JSON.format(error, EXAMPLE)) from None
        patterns = found if isinstance(found, list) else [found]
        if len(patterns) > FILTERS_MAX:
            raise forms.ValidationError(f"A mapping takes {FILTERS_MAX} filters at most; these are {len(patterns)}.")
        return [self._checked(one) for one in patterns]

    def _checked(self, pattern: object) -> str:
        text = json.dumps(pattern, ensure_ascii=False)
        try:
            compile_patterns(self._source, [text])
        except InvalidFilter as reason:
            raise forms.ValidationError(f"The pattern {text[:80]} is not valid: {reason}.") from None
        return text


def pattern_text(filters: Sequence[str]) -> str:
    """A mapping's filters as the form shows them."""
    if not filters:
        return ""
    trees = [json.loads(text) for text in filters]
    return json.dumps(trees[0] if len(trees) == 1 else trees, indent=2, ensure_ascii=False)
