"""Saving what was written in the editor, unless somebody saved something else meanwhile."""

from __future__ import annotations

from invocations.errors import PreconditionFailed
from invocations.flows.functions import update_code
from invocations.forms.functions import CodeForm
from invocations.forms.settling import settled
from invocations.models import Function, FunctionVersion
from invocations.runtime.code import store


def save_source(function: Function, form: CodeForm, base: str) -> FunctionVersion:
    """Make the form's code $LATEST's. `base` is the checksum of the code that the editor began with ("": any).

    Raises forms.ValidationError (nothing to save), PreconditionFailed (other code since) and what update_code raises.
    """
    latest = settled(function.scope, function.name)
    if base and base != latest.code_sha256:
        raise PreconditionFailed("The code was changed by somebody else since this page was loaded.")
    package = form.package_bytes(latest.runtime, latest.handler)
    return update_code(function.scope, function.name, store(package), revision_id=latest.revision_id)
