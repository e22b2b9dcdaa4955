"""Cross-origin rules of function URLs and HTTP APIs, as people write them: one entry a line or after a comma."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms

_SEPARATORS = re.compile(r"[\s,]+")


class CorsForm(forms.Form):
    """All empty: no rules, and browsers let no other page call."""

    origins = forms.CharField(required=False, max_length=2048, help_text="https://app.example, or * for every page")
    methods = forms.CharField(required=False, max_length=200, help_text="GET, POST ..., or *")
    headers = forms.CharField(required=False, max_length=2048, help_text="Request headers that pages may send")
    exposed = forms.CharField(required=False, max_length=2048, label="Exposed headers", help_text="Pages may read them")
    max_age = forms.IntegerField(
        required=False, min_value=0, max_value=86_400, label="Maximum age", help_text="Seconds a browser remembers this"
    )
    credentials = forms.BooleanField(required=False, help_text="Pages may send cookies")

    @staticmethod
    def initial_of(cors: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the form shows of stored rules."""
        cors = cors or {}
        return {
            "origins": ", ".join(cors.get("AllowOrigins") or ()),
            "methods": ", ".join(cors.get("AllowMethods") or ()),
            "headers": ", ".join(cors.get("AllowHeaders") or ()),
            "exposed": ", ".join(cors.get("ExposeHeaders") or ()),
            "max_age": cors.get("MaxAge"),
            "credentials": bool(cors.get("AllowCredentials")),
        }

    def cors(self) -> dict[str, Any]:
        """AWS's members; empty when nothing is filled in."""
        given = self.cleaned_data
        lists = {
            "AllowOrigins": given["origins"],
            "AllowMethods": given["methods"].upper(),
            "AllowHeaders": given["headers"],
            "ExposeHeaders": given["exposed"],
        }
        found: dict[str, Any] = {
            name: [one for one in _SEPARATORS.split(text) if one] for name, text in lists.items() if text.strip()
        }
        if given["max_age"] is not None:
            found["MaxAge"] = given["max_age"]
        return {**found, "AllowCredentials": True} if given["credentials"] else found
