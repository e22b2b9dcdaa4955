"""The account's limits and what it uses of them."""

from __future__ import annotations

from collections.abc import Callable

from invocations import limits
from invocations.flows.code_storage import total_code_bytes
from invocations.flows.specs import unreserved_limit
from invocations.models import Function
from invocations.wire.call import Answer, Call


def get_account_settings(call: Call) -> Answer:
    scope = call.caller.scope
    return Answer(
        {
            "AccountLimit": {
                "TotalCodeSize": limits.TOTAL_CODE_BYTES,
                "CodeSizeUnzipped": limits.UNZIPPED_BYTES,
                "CodeSizeZipped": limits.ZIPPED_BYTES,
                "ConcurrentExecutions": limits.ACCOUNT_CONCURRENCY,
                "UnreservedConcurrentExecutions": unreserved_limit(scope),
            },
            "AccountUsage": {
                "TotalCodeSize": total_code_bytes(scope),
                "FunctionCount": Function.objects.filter(account=scope.account, region=scope.region).count(),
            },
        }
    )


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"GetAccountSettings": get_account_settings}
