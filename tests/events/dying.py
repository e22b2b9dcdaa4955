"""A process that does one verb of the asynchronous path and is killed at a crash point on its way.

`python -m tests.events.dying` is the parent of such processes: it loads Django once, then forks one child for each
line that it reads, and answers how the child ended. What a child does in the database is as committed as a worker's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tests.house import ROOT

OUTSIDE = "arn:aws:tester:us-east-1:000000000000:outside"  # a target that is not in our database


@dataclass
class Dying:
    """The parent, as the tests hold it."""

    process: subprocess.Popen[str]

    def at(self, point: str, verb: str, *arguments: Any, outside: str = "") -> None:
        """Do this verb in a process of its own, which must die at that point. `outside`: the file that OUTSIDE is."""
        ended = self._ask({"point": point, "verb": verb, "arguments": arguments, "outside": outside})
        assert ended == -signal.SIGKILL, f"{verb} did not die at {point}: {ended}"

    def _ask(self, order: dict[str, Any]) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({**order, "database": str(connection.settings_dict["NAME"])}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def start() -> Dying:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lambdaplay.settings"}
    command = [sys.executable, "-m", "tests.events.dying"]
    return Dying(
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
    )


def _serve() -> None:
    import django

    django.setup()
    from invocations.flows import accept, deliver, recover, run_event  # noqa: F401 - loaded once, before the forks

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_child(json.loads(line))
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _be_child(order: dict[str, Any]) -> None:
    try:
        from invocations import crashpoints

        connection.settings_dict["NAME"] = order["database"]
        _pretend(order["outside"])
        crashpoints.arm(order["point"], lambda: os.kill(os.getpid(), signal.SIGKILL))
        _do(order["verb"], order["arguments"])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _pretend(outside: str) -> None:
    """A broker that takes every message and loses it; a target outside of our database, which is a file."""
    from invocations import destinations, event_queue
    from invocations.destinations import Destination, registry
    from invocations.destinations.base import ON_SUCCESS

    def write(*sent: Any) -> None:
        with open(outside, "ab") as target:
            target.write(sent[1] + b"\n")

    event_queue.attempt = lambda send: True
    event_queue.waiting = lambda queue: 0
    known = {**registry(), "tester": Destination("tester", frozenset({ON_SUCCESS}), write)}
    destinations.registry = lambda: known  # type: ignore[assignment]


def _do(verb: str, arguments: list[Any]) -> None:
    from invocations import outlet
    from invocations.flows import deliver, recover, run_event
    from invocations.flows.accept import accept
    from invocations.values import InvokeRequest, Parcel
    from tests.events.conftest import CALLER, SCOPE

    def accept_event(payload: str, request_id: str) -> None:
        request = InvokeRequest(CALLER, "fn", payload.encode(), invocation_type="Event", request_id=request_id)
        accept(request)

    def post(target: str) -> None:
        with transaction.atomic():
            outlet.post([Parcel("one", "rule", "arn:aws:events:us-east-1:000000000000:rule/r", target, b"{}", SCOPE)])

    verbs: dict[str, Callable[..., object]] = {
        "post": post,
        "accept": accept_event,
        "run": lambda request_id: run_event.run(request_id, "dying"),
        "sweep": recover.sweep,
        "deliver": lambda delivery_id: deliver.run(delivery_id, "dying"),
    }
    verbs[verb](*arguments)


if __name__ == "__main__":
    _serve()
