"""Reserved concurrency."""

from __future__ import annotations

from collections.abc import Callable

from invocations.flows import concurrency
from invocations.wire.call import Answer, Call


def put_function_concurrency(call: Call) -> Answer:
    reserved = concurrency.put_concurrency(
        call.caller.scope, call.params["FunctionName"], call.params["ReservedConcurrentExecutions"]
    )
    return Answer({"ReservedConcurrentExecutions": reserved})


def get_function_concurrency(call: Call) -> Answer:
    reserved = concurrency.get_concurrency(call.caller.scope, call.params["FunctionName"])
    return Answer({"ReservedConcurrentExecutions": reserved})


def delete_function_concurrency(call: Call) -> Answer:
    concurrency.delete_concurrency(call.caller.scope, call.params["FunctionName"])
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutFunctionConcurrency": put_function_concurrency,
    "GetFunctionConcurrency": get_function_concurrency,
    "DeleteFunctionConcurrency": delete_function_concurrency,
}
