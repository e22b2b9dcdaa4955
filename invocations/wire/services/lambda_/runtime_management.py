"""Which version of a runtime a function runs on: here always the one that is on this machine.

That is `Auto`. `FunctionUpdate` and `Manual` would promise that a version stays although the machine's interpreter
changes; nobody here can keep that promise, so they are refused.
"""

from __future__ import annotations

from collections.abc import Callable

from invocations.errors import UnsupportedOption
from invocations.flows.functions import find
from invocations.values import LATEST
from invocations.wire.call import Answer, Call

AUTO = "Auto"


def put_config(call: Call) -> Answer:
    answer = get_config(call)  # first of all the function must be there
    mode = call.params["UpdateRuntimeOn"]
    if mode != AUTO or call.params.get("RuntimeVersionArn") is not None:
        what = f"UpdateRuntimeOn {mode}" if mode != AUTO else "RuntimeVersionArn"
        raise UnsupportedOption(
            f"lambdaplay does not support {what}: functions run on the interpreters of this machine, always (Auto)."
        )
    return answer


def get_config(call: Call) -> Answer:
    params = call.params
    target = find(call.caller.scope, params["FunctionName"], params.get("Qualifier"), action=call.operation)
    return Answer({"UpdateRuntimeOn": AUTO, "FunctionArn": target.function.arn(target.qualifier or LATEST)})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutRuntimeManagementConfig": put_config,
    "GetRuntimeManagementConfig": get_config,
}
