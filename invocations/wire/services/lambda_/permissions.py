"""Resource policies: who else may invoke."""

from __future__ import annotations

import json
from collections.abc import Callable

from invocations.decisions.grants import Grant
from invocations.flows import permissions
from invocations.wire.call import Answer, Call


def add_permission(call: Call) -> Answer:
    params = call.params
    grant = Grant(
        statement_id=params["StatementId"],
        action=params["Action"],
        principal=params["Principal"],
        source_arn=params.get("SourceArn"),
        source_account=params.get("SourceAccount"),
        event_source_token=params.get("EventSourceToken"),
        principal_org_id=params.get("PrincipalOrgID"),
        function_url_auth_type=params.get("FunctionUrlAuthType"),
        invoked_via_function_url=params.get("InvokedViaFunctionUrl"),
    )
    statement = permissions.add(
        call.caller.scope, params["FunctionName"], params.get("Qualifier"), grant, params.get("RevisionId")
    )
    return Answer({"Statement": json.dumps(statement, separators=(",", ":"), ensure_ascii=False)})


def remove_permission(call: Call) -> Answer:
    params = call.params
    permissions.remove(
        call.caller.scope,
        params["FunctionName"],
        params.get("Qualifier"),
        params["StatementId"],
        params.get("RevisionId"),
    )
    return Answer()


def get_policy(call: Call) -> Answer:
    policy, revision_id = permissions.get(call.caller.scope, call.params["FunctionName"], call.params.get("Qualifier"))
    return Answer({"Policy": policy, "RevisionId": revision_id})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
    "GetPolicy": get_policy,
}
