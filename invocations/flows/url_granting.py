"""The two statements that let everybody call a function URL, in one step."""

from __future__ import annotations

from django.db import transaction

from invocations.decisions.grants import Grant
from invocations.decisions.policy import INVOKE_FUNCTION, INVOKE_FUNCTION_URL
from invocations.errors import ResourceConflict
from invocations.flows import permissions
from invocations.models import FunctionUrl
from lambdaplay.db.pool import pooled

# As AWS's console names them.
URL_STATEMENT, INVOKE_STATEMENT = "FunctionURLAllowPublicAccess", "FunctionURLInvokeAllowPublicAccess"


def is_public(row: FunctionUrl) -> bool:
    """Whether everybody may call it, as far as the function's policy says."""
    return permissions.allows_url(row.function_arn, "NONE")


@pooled()
def allow_everybody(row: FunctionUrl) -> str:
    """Add what is missing, and say so. Raises ResourceConflict for statements of these names that say otherwise."""
    if is_public(row):
        return "Everybody may call it already."
    grants = (
        Grant(URL_STATEMENT, INVOKE_FUNCTION_URL, "*", function_url_auth_type="NONE"),
        Grant(INVOKE_STATEMENT, INVOKE_FUNCTION, "*", invoked_via_function_url=True),
    )
    added = []
    with transaction.atomic():
        for grant in grants:
            try:
                permissions.add(row.function.scope, row.function.name, row.qualifier or None, grant)
            except ResourceConflict:
                continue  # one of the two is often there
            added.append(grant.statement_id)
        if not is_public(row):
            raise ResourceConflict(
                f"The policy has statements named {URL_STATEMENT} or {INVOKE_STATEMENT} that do not allow it; "
                "remove them first."
            )
    return f"Everybody may call it: {' and '.join(added)} {'are' if len(added) > 1 else 'is'} added to the policy."
