"""STS: who am I."""

from __future__ import annotations

from collections.abc import Callable

from invocations.wire.call import Answer, Call

SERVICE = "sts"
MODEL = "sts"


def get_caller_identity(call: Call) -> Answer:
    caller = call.caller
    user_id = caller.environment_id or caller.scope.account
    return Answer({"UserId": user_id, "Account": caller.scope.account, "Arn": caller.arn})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {"GetCallerIdentity": get_caller_identity}
