"""Ways to invoke that are known and not offered yet: refused by a name that says what to use."""

from __future__ import annotations

from collections.abc import Callable

from invocations.errors import UnsupportedOption
from invocations.wire.call import Answer, Call


def invoke_with_response_stream(call: Call) -> Answer:
    raise UnsupportedOption("lambdaplay does not offer InvokeWithResponseStream yet; use Invoke.")


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "InvokeWithResponseStream": invoke_with_response_stream,
}
