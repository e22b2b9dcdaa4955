"""A version of a layer; its files come by themselves."""

from __future__ import annotations

from django import forms

from invocations.decisions.constraints import shape_metadata


def _choices(shape: str) -> list[tuple[str, str]]:
    return [(name, name) for name in shape_metadata(shape)["enum"]]


class LayerForm(forms.Form):
    """What AWS's model asks of the members of PublishLayerVersion."""

    name = forms.RegexField(
        r"^[A-Za-z0-9_-]+$", max_length=140, error_messages={"invalid": "Letters, digits, dashes and underscores only."}
    )
    description = forms.CharField(required=False, max_length=256)
    runtimes = forms.MultipleChoiceField(required=False, choices=_choices("Runtime"))
    architectures = forms.MultipleChoiceField(required=False, choices=_choices("Architecture"))
    license_info = forms.CharField(required=False, max_length=512)
