"""The runtime's door: run an event in an execution environment, and look after the environments from outside."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings

from invocations import clock
from invocations.arns import function_arn
from invocations.decisions.log_settings import JSON
from invocations.errors import UnusablePart
from invocations.runtime import code, lender, runtimes
from invocations.runtime.attended import AttendedRun
from invocations.runtime.endings import InitFailure
from invocations.runtime.run import GoneBetweenEvents, Run
from invocations.values import (
    EnvironmentSpec,
    EnvironmentState,
    Event,
    Execution,
    HostState,
    Opened,
    PoolState,
    Running,
    Scope,
)

# A warm environment may end while it is being lent (idle, outdated). Nothing ran then, so another one is taken.
_TRIES = 5
_REMEMBERED = 2000
_PROMPT_SECONDS = 5.0  # for what is asked by those who have other work too
_messages: OrderedDict[str, dict[str, Any]] = OrderedDict()
_loans: dict[tuple[str, int], lender.Loan] = {}  # by request id and claim, while they last


def execute(spec: EnvironmentSpec, event: Event) -> Execution:
    """Run one event and wait for its end, however it ends: a failing function is an Execution too.

    Raises TooManyRequests (reserved or account concurrency), InvalidRuntime (this machine cannot run it),
    UnusablePart (no environment host).
    """
    try:
        next(_run(spec, event, streams=False))
    except StopIteration as end:
        execution: Execution = end.value
        return execution
    raise AssertionError("A run that does not stream hands out nothing before its end.")


def stream(spec: EnvironmentSpec, event: Event) -> Generator[Opened | bytes, None, Execution]:
    """Run one event and yield its answer while the function writes it; the Execution is what the generator returns.

    First comes Opened, then the pieces; a function that fails before it answers yields nothing. Whoever does not want
    the rest goes on to the end all the same: closing the generator ends the environment. Raises what `execute` raises,
    and only before the first yield.
    """
    return _run(spec, event, streams=True)


def _run(spec: EnvironmentSpec, event: Event, *, streams: bool) -> Generator[Opened | bytes, None, Execution]:
    message = _remembered_message(spec)
    order = {
        "key": spec.key,
        "request_id": event.request_id,
        "hops": event.hops,
        "reserved": spec.reserved_concurrency,
        "provisioned": spec.provisioned,
        "unreserved_limit": spec.unreserved_limit,
    }
    before: InitFailure | None = None
    for _ in range(_TRIES):
        loan = lender.borrow(_socket(), order, message)
        _loans[event.request_id, event.claim] = loan
        try:
            kind = AttendedRun if loan.attended else Run
            result = yield from kind(spec, event, loan, before, streams=streams).go()
        except GoneBetweenEvents:
            loan.give_back()
            continue
        except BaseException:
            loan.abandon()
            raise
        finally:
            _loans.pop((event.request_id, event.claim), None)
        if isinstance(result, Execution):
            loan.keep()
            return result
        loan.give_back()
        before = result
    raise UnusablePart("Execution environments end before they take their event; see the environment host's log.")


def cancel(request_id: str, claim: int = 0) -> None:
    """End the environment in which this process runs that request under that claim; its caller gets an exit.

    An event that was taken over may run in this process once more: that run goes on.
    """
    loan = _loans.get((request_id, claim))
    if loan is not None:
        loan.order_kill("cancelled")


def running_in(environment_id: str) -> Running | None:
    """Return what runs in that environment now. Raises UnusablePart when the host does not answer."""
    with lender.conversation(_socket(), {"op": "running", "environment_id": environment_id}) as next_answer:
        answer = next_answer()
    return Running(answer["request_id"], answer["hops"]) if answer.get("request_id") else None


def prepare(spec: EnvironmentSpec) -> None:
    """Have one environment initialised ahead. Returns at once; a failure shows at the first invocation."""
    if runnable(spec):
        lender.tell(_socket(), {"op": "prepare", "key": spec.key, "spec": _spec_message(spec)})


def provision(scope: Scope, function: str, wanted: Sequence[tuple[EnvironmentSpec, int]]) -> None:
    """Have so many environments of each make of this function kept ready, and no others. Returns at once."""
    arn = function_arn(scope.account, scope.region, function)
    possible = [(spec, count) for spec, count in wanted if runnable(spec)]
    whole: dict[str, Any] = {"op": "provision", "function_arn": arn, "keys": [spec.key for spec, _ in possible]}
    for spec, count in possible:
        lender.tell(_socket(), {**whole, "key": spec.key, "spec": _spec_message(spec), "wanted": count})
    if not possible:
        lender.tell(_socket(), whole)


def runnable(spec: EnvironmentSpec) -> bool:
    """Whether this machine has what the spec's runtime needs."""
    return runtimes.unrunnable(spec.runtime) is None


def pools() -> list[PoolState]:
    """What the environment host keeps ready now. Raises UnusablePart when it does not answer soon."""
    with lender.conversation(_socket(), {"op": "pools"}, _PROMPT_SECONDS) as next_answer:
        head = next_answer()
        rows: list[Mapping[str, Any]] = []
        while len(rows) < head["count"]:
            rows += next_answer()["pools"]
    return [PoolState(**row) for row in rows]


def retire(scope: Scope, function: str) -> None:
    """End the function's idle environments; busy ones end after their event."""
    lender.tell(_socket(), {"op": "retire", "function_arn": function_arn(scope.account, scope.region, function)})


def state() -> HostState:
    """What the environment host has and does now. Raises UnusablePart when it does not answer."""
    with lender.conversation(_socket(), {"op": "state"}) as next_answer:
        head = next_answer()
        rows: list[Mapping[str, Any]] = []
        while len(rows) < head["count"]:
            rows += next_answer()["environments"]
    return HostState(head["sandbox"], head["findings"], tuple(_environment_state(row) for row in rows))


def _environment_state(row: Mapping[str, Any]) -> EnvironmentState:
    values = {name: value for name, value in row.items() if name != "seconds"}
    return EnvironmentState(since=clock.real() - timedelta(seconds=row["seconds"]), **values)


@cache
def _socket() -> str:
    return str(settings.LAMBDAPLAY_HOME.host_socket)


def _remembered_message(spec: EnvironmentSpec) -> dict[str, Any]:
    """Return the spec's message; a key names all of it but the limits, which every order carries anew."""
    message = _messages.get(spec.key)
    if message is None:
        message = _messages[spec.key] = _spec_message(spec)
        while len(_messages) > _REMEMBERED:
            _messages.popitem(last=False)
    return message


def _spec_message(spec: EnvironmentSpec) -> dict[str, Any]:
    launch = runtimes.launch(spec.runtime, spec.variables, spec.memory_mb, _layered(spec))
    return {
        "function_arn": function_arn(spec.scope.account, spec.scope.region, spec.function),
        "account": spec.scope.account,
        "region": spec.scope.region,
        "function": spec.function,
        "version": spec.version,
        "handler": spec.handler,
        "timeout_seconds": spec.timeout_seconds,
        "code": spec.code_sha256,
        "opt": spec.opt_sha256,
        "extensions": code.extensions(spec.opt_sha256),
        "memory_mb": spec.memory_mb,
        "tmp_mb": spec.tmp_mb,
        "variables": dict(spec.variables),
        "log_group": spec.log_group,
        "log_variables": _log_variables(spec),
        "network": spec.network,
        "reserved": spec.reserved_concurrency,
        "provisioned": spec.provisioned,
        "unreserved_limit": spec.unreserved_limit,
        "argv": None if launch.argv is None else list(launch.argv),
        "execution_env": dict(launch.reserved_variables),
        "runtime_variables": dict(launch.variables),
        "interpreter": launch.display,
    }


def _layered(spec: EnvironmentSpec) -> runtimes.Layered:
    if not spec.opt_sha256:
        return runtimes.Layered()
    opt, task = code.task_folder(spec.opt_sha256), code.task_folder(spec.code_sha256)
    return runtimes.Layered(
        libraries=any((opt / "lib").glob("*.so*")),
        bootstrap=(opt / "bootstrap").is_file() and not (task / "bootstrap").exists(),
    )


def _log_variables(spec: EnvironmentSpec) -> dict[str, str]:
    """What tells the runtime clients to write JSON, and from which level on."""
    if spec.log_format != JSON:
        return {}
    return {"AWS_LAMBDA_LOG_FORMAT": JSON, "AWS_LAMBDA_LOG_LEVEL": spec.application_log_level}
