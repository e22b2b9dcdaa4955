"""An environment host of the bench's own and a borrower that talks to it: `python -m bench.environments`.

A process of its own, because borrowers keep their connections to the one host of a state folder. Orders come as JSON
lines on standard input, answers go out the same way. LAMBDAPLAY_HOME and LAMBDAPLAY_SANDBOX choose the host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "lambdaplay.settings"
django.setup()

from django.conf import settings  # noqa: E402

from bench.calling import event  # noqa: E402
from bench.handlers import SOURCES, package  # noqa: E402
from invocations.errors import UnusablePart  # noqa: E402
from invocations.runtime import client, code  # noqa: E402
from invocations.runtime.command import host_command, host_environment  # noqa: E402
from invocations.runtime.exchange import Call  # noqa: E402
from invocations.runtime.lender import Loan, borrow  # noqa: E402
from invocations.values import EnvironmentSpec, Scope  # noqa: E402
from lambdaplay.supervisor.process import die_with_parent  # noqa: E402

_numbers = count()
_REST_SECONDS = 0.15  # between two starts: the spare that was taken is replaced meanwhile


def spec(kind: str) -> EnvironmentSpec:
    """A function nobody has run yet, so that its environment is new."""
    name = f"{kind}-{next(_numbers)}"
    return EnvironmentSpec(
        key=name,
        scope=Scope("000000000000", "us-east-1"),
        function=name,
        version="$LATEST",
        runtime=f"python3.{sys.version_info.minor}",
        handler="app.handler",
        code_sha256=code.store(package(SOURCES[kind])).sha256,
        memory_mb=256,
        tmp_mb=512,
        timeout_seconds=60,
        variables={},
        log_group=f"/aws/lambda/{name}",
        network="endpoint",
        reserved_concurrency=None,
        unreserved_limit=1000,
    )


def start(wanted: EnvironmentSpec) -> tuple[Loan, Call]:
    """From the request to the runtime's first call for an event."""
    order = {
        "key": wanted.key,
        "request_id": str(uuid.uuid4()),
        "hops": 0,
        "reserved": wanted.reserved_concurrency,
        "provisioned": wanted.provisioned,
        "unreserved_limit": wanted.unreserved_limit,
    }
    loan = borrow(str(settings.LAMBDAPLAY_HOME.host_socket), order, client._spec_message(wanted))
    return loan, _next(loan)


def _next(loan: Loan) -> Call:
    call = loan.exchange.wait(time.monotonic() + 30, loan.output.read)
    if not isinstance(call, Call):
        raise RuntimeError(f"the runtime did not call: {call}")
    return call


def cold(kind: str, starts: int) -> list[float]:
    """Seconds of each of so many starts, one after the other."""
    found = []
    for _ in range(starts):
        wanted = spec(kind)
        time.sleep(_REST_SECONDS)
        began = time.perf_counter()
        loan, _ = start(wanted)
        found.append(time.perf_counter() - began)
        loan.abandon()
    return found


def together(kind: str, starts: int) -> float:
    """Seconds until the last of so many starts, all asked for at once, has called."""
    wanted = [spec(kind) for _ in range(starts)]
    loans: list[Loan] = []
    gate = threading.Barrier(starts + 1)

    def one(each: EnvironmentSpec) -> None:
        gate.wait()
        loans.append(start(each)[0])

    threads = [threading.Thread(target=one, args=(each,)) for each in wanted]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    if len(loans) < starts:
        raise RuntimeError(f"only {len(loans)} of {starts} environments started")
    for loan in loans:
        loan.abandon()
    time.sleep(1.0)
    return elapsed


class Warm:
    """One environment kept for round trips."""

    def __init__(self) -> None:
        self._loan, self._call = start(spec("plain"))

    def round_trips(self, calls: int) -> float:
        """Median seconds from handing over an event to having its answer."""
        found = []
        exchange, body = self._loan.exchange, event(1)
        for _ in range(calls):
            request_id = str(uuid.uuid4())
            deadline = int((time.time() + 60) * 1000)
            headers = (
                f"Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {request_id}\r\n"
                f"Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Trace-Id: Root=1-0-0\r\n"
                "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:echo\r\n"
            ).encode()
            began = time.perf_counter()
            exchange.answer(self._call, b"200 OK", body, headers)
            answer = _next(self._loan)
            found.append(time.perf_counter() - began)
            exchange.answer(answer, b"202 Accepted", b'{"status":"OK"}\n')
            self._call = _next(self._loan)
        found.sort()
        return found[len(found) // 2]


def memory(kind: str, environments: int) -> float:
    """Proportional memory of a warm environment, its init included: MB, the mean of so many."""
    loans = [start(spec(kind))[0] for _ in range(environments)]
    pids = [loan.grant["pid"] for loan in loans]
    total = sum(_pss(pid) + _pss(_parent(pid)) for pid in pids)
    for loan in loans:
        loan.abandon()
    return total / environments / 1024


def _pss(pid: int) -> int:
    """Kilobytes."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[1])


_MEASUREMENTS: dict[str, Callable[..., Any]] = {"cold": cold, "together": together, "memory": memory}


def _command(spares: bool) -> list[str]:
    command = host_command()
    if spares:
        return command
    program = f"import sys; sys.path.insert(0, {str(settings.BASE_DIR)!r}); from bench.spareless import main; main()"
    return [*command[:4], program, *command[5:]]


def _await_host(host: subprocess.Popen[bytes]) -> str:
    while host.poll() is None:
        try:
            return client.state().sandbox
        except UnusablePart:
            time.sleep(0.01)
    raise RuntimeError(f"the environment host ended with {host.returncode}")


def main() -> None:
    die_with_parent(os.getppid())
    command = _command(spares=sys.argv[1] == "spares")
    host = subprocess.Popen(command, env=host_environment(), stdin=subprocess.DEVNULL)
    level = _await_host(host)
    cold("plain", 2)  # what the host does once, it has done now
    warm: Warm | None = None
    print(json.dumps({"level": level}), flush=True)
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        do = order.pop("do")
        if do == "warm":
            warm = warm or Warm()
            value: Any = warm.round_trips(**order)
        else:
            value = _MEASUREMENTS[do](**order)
        print(json.dumps({"value": value}), flush=True)
    host.kill()


if __name__ == "__main__":
    main()
