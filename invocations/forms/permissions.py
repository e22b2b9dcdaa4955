"""Who else may invoke a function: one statement of its policy."""

from __future__ import annotations

from django import forms

from invocations.decisions.grants import ACTIONS, Grant
from invocations.decisions.policy import INVOKE_FUNCTION

_TRUTH = {"": None, "true": True, "false": False}


class GrantForm(forms.Form):
    """A statement to be added. What is left empty is no condition."""

    qualifier = forms.CharField(
        required=False, max_length=128, help_text="A version or an alias; empty: the function itself, $LATEST."
    )
    statement_id = forms.CharField(max_length=100, label="Statement id", help_text="Letters, digits, - and _.")
    principal = forms.CharField(
        max_length=2048,
        label="Who",
        help_text="A service (sns.amazonaws.com), an account of 12 digits, or * for anybody.",
    )
    action = forms.ChoiceField(label="May", choices=[(one, one) for one in ACTIONS], initial=INVOKE_FUNCTION)
    source_arn = forms.CharField(
        required=False,
        max_length=10_000,
        label="For the source",
        help_text="ARN of a topic, rule, bucket ...; * may stand in it.",
    )
    source_account = forms.CharField(required=False, max_length=12, label="From the account", help_text="12 digits.")
    function_url_auth_type = forms.ChoiceField(
        required=False,
        label="URL's AuthType",
        choices=[("", "any"), ("NONE", "NONE"), ("AWS_IAM", "AWS_IAM")],
        help_text="For lambda:InvokeFunctionUrl.",
    )
    invoked_via_function_url = forms.ChoiceField(
        required=False,
        label="Through its URL",
        choices=[("", "either way"), ("true", "only through its URL"), ("false", "not through its URL")],
        help_text="For lambda:InvokeFunction.",
    )

    def grant(self) -> Grant:
        given = self.cleaned_data
        return Grant(
            statement_id=given["statement_id"],
            action=given["action"],
            principal=given["principal"],
            source_arn=given["source_arn"] or None,
            source_account=given["source_account"] or None,
            function_url_auth_type=given["function_url_auth_type"] or None,
            invoked_via_function_url=_TRUTH[given["invoked_via_function_url"]],
        )


class RemoveGrantForm(forms.Form):
    qualifier = forms.CharField(required=False, max_length=128)
    statement_id = forms.CharField(max_length=100)
