"""A function's URL: who may call it, and what browsers are told."""

from __future__ import annotations

from django import forms

from invocations.flows.function_urls import Wishes
from invocations.forms.cors import CorsForm

AUTH_TYPES = (("NONE", "NONE: not signed"), ("AWS_IAM", "AWS_IAM: signed"))


class FunctionUrlForm(CorsForm):
    """Of the function itself or of an alias; one that is there is changed."""

    qualifier = forms.CharField(
        required=False, max_length=128, label="Alias", help_text="Empty: the function itself, $LATEST."
    )
    auth_type = forms.ChoiceField(label="Auth type", choices=AUTH_TYPES)
    invoke_mode = forms.ChoiceField(
        required=False,
        label="Answers",
        choices=[("BUFFERED", "BUFFERED: whole"), ("RESPONSE_STREAM", "RESPONSE_STREAM: as they are written")],
    )
    allow = forms.BooleanField(
        required=False, initial=True, label="Permit everybody", help_text="NONE: adds two statements to the policy"
    )
    field_order = ("qualifier", "auth_type", "invoke_mode", "allow")

    def wishes(self) -> Wishes:
        given = self.cleaned_data
        return Wishes(given["auth_type"], given["invoke_mode"] or None, self.cors())
