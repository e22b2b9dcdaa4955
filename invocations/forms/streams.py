"""Putting into a stream."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator

from invocations.engines.kinesis import Entry
from invocations.engines.kinesis.hashing import HIGHEST


class PutForm(forms.Form):
    """One record, its data as text."""

    body = forms.CharField(
        label="Data",
        strip=False,
        required=False,
        max_length=1_048_576,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "c-mono"}),
    )
    key = forms.CharField(max_length=256, strip=False, label="Partition key", help_text="Its MD5 chooses the shard.")
    hash_key = forms.CharField(
        required=False,
        max_length=39,
        label="Explicit hash key",
        help_text="0 to 2^128-1, in place of the partition key's MD5.",
        validators=[RegexValidator(r"^(0|[1-9][0-9]{0,38})\Z", "Write a whole number from 0 to 2^128-1.")],
    )

    def clean_hash_key(self) -> int | None:
        text = self.cleaned_data["hash_key"]
        if not text:
            return None
        if int(text) > HIGHEST:
            raise forms.ValidationError("Write a whole number from 0 to 2^128-1.")
        return int(text)

    def entry(self) -> Entry:
        given = self.cleaned_data
        return Entry(given["body"].replace("\r\n", "\n").encode(), given["key"], given["hash_key"])
