"""IAM: access keys are ours, as rows that the verifier of signatures knows; everything else is the companion's."""

from __future__ import annotations

from collections.abc import Callable

from invocations.errors import Refusal
from invocations.values import Caller
from invocations.wire import companion
from invocations.wire.call import Answer, Call
from invocations.wire.http import Request, Response
from invocations.wire.protocol import query
from invocations.wire.services.iam import keys
from invocations.wire.services.iam.users import with_keys

__all__ = ["MODEL", "OPERATIONS", "SERVICE", "UNCHECKED", "WAITS", "others"]

SERVICE = "iam"
MODEL = "iam"
OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateAccessKey": keys.create_access_key,
    "ListAccessKeys": keys.list_access_keys,
    "UpdateAccessKey": keys.update_access_key,
    "DeleteAccessKey": keys.delete_access_key,
    "GetAccessKeyLastUsed": keys.get_access_key_last_used,
}
# The pair of the settings may have a shorter id than IAM's model allows: they check once they know the key.
UNCHECKED = dict.fromkeys(("UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed"), keys.EVERYTHING)
WAITS = frozenset(OPERATIONS)  # for the companion, which knows the users


def others(request: Request, operation: str, caller: Caller, body: bytes) -> Response:
    """Ask the companion. Only a user without access keys can be deleted, and it does not know of ours."""
    if operation == "DeleteUser" and with_keys(query.fields(request, body).get("UserName", ""), caller.scope.account):
        refusal = Refusal("Cannot delete entity, must delete access keys first.", code="DeleteConflict")
        refusal.status = 409
        raise refusal
    return companion.forward(request, SERVICE, caller, body)
