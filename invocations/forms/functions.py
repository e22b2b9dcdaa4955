"""Functions: made, given other code, configured."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from invocations import limits
from invocations.decisions.runtime_names import supported
from invocations.decisions.source_files import source_filename
from invocations.errors import RequestEntityTooLarge
from invocations.flows.functions import ConfigurationChanges, FunctionDraft
from invocations.forms.variables import VariablesField, variables_to_text
from invocations.models import FunctionVersion
from invocations.runtime.code import CodePackage, from_source, store

SOURCE_CHARACTERS = 512 * 1024  # what the editor takes; larger code comes as a package
DEFAULT_ROLE = f"arn:aws:iam::{settings.LAMBDAPLAY_ACCOUNT}:role/lambda"
NETWORK_WORDS = {
    "endpoint": "this server only",
    "internet": "the internet, but no private addresses",
    "host": "everything this machine reaches",
}


def network_choices() -> list[tuple[str, str]]:
    default = settings.LAMBDAPLAY_FUNCTION_NETWORK
    return [
        ("", f"server's default ({default})"),
        *((name, f"{name}: {words}") for name, words in NETWORK_WORDS.items()),
    ]


class ConfigurationForm(forms.Form):
    """What every version carries. Ranges are AWS's."""

    runtime = forms.ChoiceField(choices=lambda: [(name, name) for name in supported()])
    handler = forms.CharField(max_length=128, help_text="file.function, for example app.handler")
    timeout_seconds = forms.IntegerField(
        label="Timeout (s)",
        min_value=1,
        max_value=limits.TIMEOUT_SECONDS_MAX,
        initial=limits.TIMEOUT_SECONDS_DEFAULT,
        help_text=f"1 to {limits.TIMEOUT_SECONDS_MAX}",
    )
    memory_mb = forms.IntegerField(
        label="Memory (MB)",
        min_value=limits.MEMORY_MB_MIN,
        max_value=limits.MEMORY_MB_MAX,
        initial=limits.MEMORY_MB_DEFAULT,
        help_text=f"{limits.MEMORY_MB_MIN} to {limits.MEMORY_MB_MAX}; reaching it ends the environment",
    )
    tmp_mb = forms.IntegerField(
        label="/tmp (MB)",  # noqa: S108 - a label
        min_value=limits.TMP_MB_MIN,
        max_value=limits.TMP_MB_MAX,
        initial=limits.TMP_MB_DEFAULT,
        help_text=f"{limits.TMP_MB_MIN} to {limits.TMP_MB_MAX}",
    )
    network = forms.ChoiceField(required=False, choices=network_choices, help_text="What the function can reach.")
    description = forms.CharField(required=False, max_length=256)
    role = forms.CharField(
        max_length=512, initial=DEFAULT_ROLE, help_text="Any well-formed role ARN: permissions are not evaluated here."
    )
    variables = VariablesField()

    def changes(self) -> ConfigurationChanges:
        return ConfigurationChanges(**self._values())

    def _values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ConfigurationForm.base_fields}

    @staticmethod
    def initial_of(version: FunctionVersion) -> dict[str, Any]:
        """The form's values for a version as it is."""
        values = {name: getattr(version, name) for name in ConfigurationForm.base_fields if hasattr(version, name)}
        return {
            **values,
            "network": version.function.network,
            "variables": variables_to_text(version.variables or {}),
        }


class CodeForm(forms.Form):
    """Code as text or as a zip; exactly one of them. `runtime` and `handler` say which file the text becomes."""

    source = forms.CharField(
        required=False,
        strip=False,
        max_length=SOURCE_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "autocapitalize": "off", "wrap": "off"}),
    )
    package = forms.FileField(required=False, label="or a .zip package", allow_empty_file=True)

    def package_bytes(self, runtime: str, handler: str) -> bytes:
        """Return the zip. Raises forms.ValidationError with a sentence, or RequestEntityTooLarge."""
        upload = self.cleaned_data.get("package")
        if upload is not None:
            return _upload_bytes(upload)
        source: str = self.cleaned_data["source"].replace("\r\n", "\n")
        if not source.strip():
            raise forms.ValidationError("Write some code or choose a .zip file.")
        filename = source_filename(runtime, handler, source)
        if filename is None:
            raise forms.ValidationError(
                f"Code for {runtime} with the handler {handler!r} is not one file written here: upload a .zip package."
                if "." in handler
                else f"The handler {handler!r} must read file.function, for example app.handler."
            )
        return from_source(filename, source)

    def stored(self, runtime: str, handler: str) -> CodePackage:
        return store(self.package_bytes(runtime, handler))


def _upload_bytes(upload: UploadedFile[bytes]) -> bytes:
    if upload.size is None or upload.size > limits.ZIPPED_BYTES:
        raise RequestEntityTooLarge(f"Zipped size must be smaller than {limits.ZIPPED_BYTES} bytes")
    return bytes(upload.read())


class CreateFunctionForm(ConfigurationForm, CodeForm):
    name = forms.CharField(max_length=140, help_text="Letters, digits, dashes and underscores; at most 64.")
    publish = forms.BooleanField(required=False, label="Publish version 1 at once")

    field_order = ("name", "runtime", "handler", "source", "package")

    def draft(self, package: CodePackage) -> FunctionDraft:
        values = self._values()
        values["variables"] = values["variables"] or None
        return FunctionDraft(
            name=self.cleaned_data["name"], code=package, publish=self.cleaned_data["publish"], **values
        )


class ProvisionedForm(forms.Form):
    """Environments kept ready for a version or an alias."""

    qualifier = forms.CharField(max_length=128, label="Version or alias")
    requested = forms.IntegerField(
        min_value=1,
        max_value=limits.ACCOUNT_CONCURRENCY,
        label="Environments",
        help_text="Each is a process tree that stays on this machine.",
    )


class ConcurrencyForm(forms.Form):
    """Reserved concurrency: empty is unreserved, 0 throttles every call."""

    reserved = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=limits.ACCOUNT_CONCURRENCY,
        label="Reserved concurrency",
        help_text="Empty: none reserved. 0: every call is throttled.",
    )
