"""The parts of the house: what each runs, and when it is stopped."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from invocations.runtime.command import host_command, host_environment
from lambdaplay.supervisor import broker, companion, messenger, web

WEB_WORKERS = 2
POOL_PROCESSES = 2  # a Python process runs on one core at a time
POOL_THREADS = 16  # of each
POLL_THREADS = 64  # batches under way at once: apart from events and deliveries, which must not wait behind them
CONTROL_THREADS = 2


@dataclass(frozen=True)
class Part:
    """One child of the supervisor. Stages are stopped in ascending order; after `grace` seconds comes the kill."""

    name: str
    run: Callable[[], None]
    stage: int
    grace: float
    late: bool = True  # waits for the tables and shares what the supervisor has loaded
    aloud: bool = True  # what it prints is shown on the terminal too


# Doors first, so that nothing new comes in; then who works for them; then who serves those.
STAGE_DOORS, STAGE_WORKERS, STAGE_ENVIRONMENTS, STAGE_SERVICES = range(4)


def all_parts(listener: socket.socket) -> list[Part]:
    """Return the parts that this configuration asks for."""
    home = settings.LAMBDAPLAY_HOME
    parts = [Part("host", _run_host, STAGE_ENVIRONMENTS, 0.7, late=False)]
    if settings.LAMBDAPLAY_EMBEDDED_BROKER:
        run_broker = partial(broker.run, home.broker_socket)
        parts.append(Part("broker", run_broker, STAGE_SERVICES, 0.3, late=False, aloud=False))
    if settings.LAMBDAPLAY_COMPANION == "moto":
        parts.append(Part("companion", partial(companion.run, home.companion_socket), STAGE_SERVICES, 0.3))
    return [
        *parts,
        Part("web", lambda: web.run(listener.fileno(), WEB_WORKERS), STAGE_DOORS, 1.8),
        *(_worker(number) for number in range(1, POOL_PROCESSES + 1)),
        Part(
            "poller",
            lambda: messenger.run_worker("poller", "polls", POLL_THREADS),
            STAGE_WORKERS,
            1.2,
        ),
        Part(
            "control",
            lambda: messenger.run_worker("control", "control", CONTROL_THREADS),
            STAGE_WORKERS,
            1.2,
        ),
        Part("beat", lambda: messenger.run_beat("beat"), STAGE_DOORS, 1.8),
    ]


def _worker(number: int) -> Part:
    """One of those that run events and deliveries. In logs they differ; the house is well while one of them lives."""
    name = "worker" if number == 1 else f"worker-{number}"
    return Part(name, partial(messenger.run_worker, "worker", "events,deliveries", POOL_THREADS), STAGE_WORKERS, 1.2)


def _run_host() -> None:
    """Become the environment host."""
    command = host_command()
    os.execve(command[0], command, host_environment())  # noqa: S606 - our own program
