"""APIs, their routes and stages, and a request to try one."""

from __future__ import annotations

from django import forms

from invocations.decisions.api_routes import ANY, DEFAULT, METHODS
from invocations.flows.http_api.making import RouteTo, arn_of
from invocations.forms.variables import VariablesField
from invocations.limits import API_TIMEOUT_MS
from invocations.models import Api
from invocations.values import Scope

_CODE = {"spellcheck": "false", "class": "c-mono"}
_SECONDS = (API_TIMEOUT_MS[0] / 1000, API_TIMEOUT_MS[1] / 1000)


class RouteForm(forms.Form):
    """A route and the function behind it."""

    method = forms.ChoiceField(choices=[(one, one) for one in METHODS], initial=ANY)
    path = forms.CharField(
        max_length=500,
        initial="/{proxy+}",
        widget=forms.TextInput(attrs=_CODE),
        help_text="/pets/{id}, /{proxy+} for all that is below; $default takes what other routes leave",
    )
    function = forms.CharField(
        max_length=256,
        widget=forms.TextInput(attrs={**_CODE, "list": "known-functions"}),
        help_text="Name or ARN, perhaps with :alias or :version",
    )
    payload = forms.ChoiceField(
        required=False,
        label="Payload format",
        choices=[("", "usual"), ("2.0", "2.0"), ("1.0", "1.0")],
        help_text="Usual: 2.0, for REST APIs 1.0",
    )
    timeout = forms.FloatField(
        required=False,
        min_value=_SECONDS[0],
        max_value=_SECONDS[1],
        help_text="Seconds that the client waits; empty: 30, for REST APIs 29",
    )
    allow = forms.BooleanField(
        required=False,
        initial=True,
        label="Permit",
        help_text="Adds a statement to the function's policy, if it needs one",
    )

    def route(self, scope: Scope) -> RouteTo:
        """Raises BadApiRequest when the function's name is none."""
        given = self.cleaned_data
        path = given["path"].strip()
        key = DEFAULT if path == DEFAULT else f"{given['method']} {path}"
        seconds = given["timeout"]
        milliseconds = None if seconds is None else round(seconds * 1000)
        return RouteTo(key, arn_of(scope, given["function"]), given["payload"] or None, milliseconds)


class CreateApiForm(RouteForm):
    """A new API with its first route."""

    name = forms.CharField(max_length=128)
    kind = forms.ChoiceField(
        choices=[(Api.Kind.HTTP, "HTTP API"), (Api.Kind.REST, "REST API")], initial=Api.Kind.HTTP, label="Kind"
    )
    stage = forms.CharField(required=False, max_length=128, help_text="Empty: $default; for a REST API dev")
    field_order = ("name", "kind", "stage", "function", "method", "path")

    def stage_name(self) -> str:
        given = self.cleaned_data
        return str(given["stage"]) or ("dev" if given["kind"] == Api.Kind.REST else DEFAULT)


class StageForm(forms.Form):
    """A stage; one that is there gets these variables."""

    name = forms.CharField(max_length=128, label="Stage")
    variables = VariablesField()

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["variables"].label = "Stage variables"
        self.fields["variables"].help_text = "One a line: NAME=value"


class TryForm(forms.Form):
    """A request to send to the API."""

    stage = forms.ChoiceField()
    method = forms.ChoiceField(choices=[(one, one) for one in METHODS if one != ANY], initial="GET")
    target = forms.CharField(
        max_length=4096, initial="/", label="Path", widget=forms.TextInput(attrs=_CODE), help_text="With ?query"
    )
    headers = forms.CharField(
        required=False,
        max_length=8192,
        widget=forms.Textarea(attrs={"rows": 2, **_CODE, "placeholder": "Content-Type: application/json"}),
    )
    body = forms.CharField(
        required=False, strip=False, max_length=1_048_576, widget=forms.Textarea(attrs={"rows": 3, **_CODE})
    )

    def __init__(self, stages: list[str], *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["stage"].choices = [(one, one) for one in stages]  # type: ignore[attr-defined]

    def clean_target(self) -> str:
        target = str(self.cleaned_data["target"])
        if not target.startswith("/") or not target.isascii() or not target.isprintable() or " " in target:
            raise forms.ValidationError("A path begins with / and has no blanks; other characters are written %20.")
        return target

    def clean_headers(self) -> list[tuple[str, str]]:
        found = []
        for number, line in enumerate(self.cleaned_data["headers"].splitlines(), 1):
            name, colon, value = line.partition(":")
            if line.strip() and not (colon and name.strip() and f"{name}{value}".isascii()):
                raise forms.ValidationError(f"Line {number} must read Name: value.")
            if line.strip():
                found.append((name.strip(), value.strip()))
        return found
