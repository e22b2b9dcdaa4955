"""A synchronous invocation for a caller whose patience ends before the function may: it goes on, and nobody listens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache

from invocations import limits
from invocations.flows import catalog
from invocations.flows.admission import admitted
from invocations.flows.invoke import invoke
from invocations.values import InvocationResult, InvokeRequest
from lambdaplay.db.pool import pooled

_STARTING_SECONDS = limits.INIT_SECONDS + 1.0


class StillRunning(Exception):
    """The time is over; the function runs on and is recorded as usual."""


def invoke_within(request: InvokeRequest, seconds: float) -> InvocationResult:
    """Invoke, and wait that long. Raises StillRunning, TooManyRequests when too many are held, and what invoke raises.

    Whoever is given up on keeps its place until the function ends: they are bounded like those that are waited for.
    A function that must end before the caller's patience does is run by the caller's own thread: most are.
    """
    with pooled():
        route = catalog.route(request.caller.scope, request.function, request.qualifier)
    if _ends_within(route, seconds):
        with admitted(request.caller):
            return invoke(request, route=route)
    with ExitStack() as place:
        place.enter_context(admitted(request.caller))
        held = place.pop_all()
    try:
        future = _threads().submit(_run, request, held)
    except BaseException:
        held.close()
        raise
    try:
        return future.result(seconds)
    except TimeoutError:
        if future.done():  # ended in that moment, or the error is the invocation's own
            return future.result()
        raise StillRunning from None


def _ends_within(route: catalog.Route, seconds: float) -> bool:
    longest = max(spec.timeout_seconds for spec in route.versions.values())
    return longest + _STARTING_SECONDS < seconds


def _run(request: InvokeRequest, held: ExitStack) -> InvocationResult:
    with held:
        return invoke(request)


@cache
def _threads() -> ThreadPoolExecutor:
    """As many as there are places, so that nobody queues. Made by the first call, after the server has forked."""
    return ThreadPoolExecutor(limits.HELD_CALLS + limits.HELD_NESTED_CALLS, "front")
