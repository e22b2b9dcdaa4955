"""Versions and aliases."""

from __future__ import annotations

from decimal import Decimal

from django import forms

from invocations.models import Alias


class PublishForm(forms.Form):
    description = forms.CharField(required=False, max_length=256, label="Description of the version")


class AliasForm(forms.Form):
    """An alias points to a version, and may give a share of its calls to one other."""

    name = forms.CharField(max_length=128, help_text="For example live; not only digits.")
    version = forms.CharField(max_length=20, help_text="A version number or $LATEST.")
    second_version = forms.CharField(required=False, max_length=20, label="Share with version")
    percent = forms.DecimalField(
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=6,
        decimal_places=3,
        label="Its share (%)",
    )
    description = forms.CharField(required=False, max_length=256)

    @staticmethod
    def initial_of(alias: Alias) -> dict[str, object]:
        """What the fields hold for an alias as it is."""
        second, weight = next(iter(alias.weights.items()), ("", None))
        percent = None if weight is None else f"{weight * 100:g}"
        return {
            "name": alias.name,
            "version": alias.version,
            "second_version": second,
            "percent": percent,
            "description": alias.description,
        }

    def weights(self) -> dict[str, float]:
        second, percent = self.cleaned_data["second_version"], self.cleaned_data["percent"]
        return {second: float(percent / 100)} if second and percent is not None else {}

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        if bool(cleaned.get("second_version")) != (cleaned.get("percent") is not None):
            raise forms.ValidationError("A share needs both: the other version and its percentage.")
        return cleaned
