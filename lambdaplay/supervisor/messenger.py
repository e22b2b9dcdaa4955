"""The Celery parts: three workers and beat, each in a process of its own with a heartbeat of its own."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
import warnings

from django.conf import settings
from django.db import Error, close_old_connections

from invocations import clock, runners
from invocations.errors import UnusablePart
from invocations.flows import carry
from invocations.models import Heartbeat
from invocations.neighbours import ask_broker
from lambdaplay.celery import app, when_stopping
from lambdaplay.db.sqlite import checkpoints
from lambdaplay.supervisor import sweeping
from lambdaplay.supervisor.process import show_as

BEAT_SECONDS = 2.0
BROKER_SECONDS = 5.0

log = logging.getLogger(__name__)


def run_worker(name: str, queues: str, threads: int) -> None:
    """Serve these queues until told to stop; twins share a name."""
    show_as(name)
    runner = f"{name}-{os.getpid()}@{socket.gethostname()}"
    runners.hold(runner)
    _prepare(name, runner)
    if name == "worker":
        carriers = carry.start(runner, threads)
        when_stopping(carriers.stop)
    worker = app.Worker(
        hostname=runner,
        pool="threads",
        concurrency=threads,
        queues=queues,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        redirect_stdouts=False,
    )
    worker.start()
    sys.exit(worker.exitcode)


def run_beat(name: str) -> None:
    """Send the periodic tasks until told to stop."""
    _prepare(name, name)
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "lambdaplay.db.sqlite":
        checkpoints.start(str(database["NAME"]))
    app.Beat(loglevel="WARNING", quiet=True, redirect_stdouts=False, remote_control=False).run()


def _prepare(name: str, runner: str) -> None:
    # Django's system checks are for `manage.py check`: here they would cost each process 5 MB.
    os.environ["CELERY_SKIP_CHECKS"] = "1"
    # Celery warns a root user about pickle; only JSON is accepted here, and functions never run as root.
    warnings.filterwarnings("ignore", message=".*superuser privileges.*")
    if settings.LAMBDAPLAY_EMBEDDED_BROKER:
        _wait_for_broker()
    threading.Thread(target=_beat_on, args=(name,), name="heartbeat", daemon=True).start()
    sweeping.start(name, runner)


def _wait_for_broker() -> None:
    """It is started with us; Celery would complain at once and try again only after two seconds."""
    deadline = time.monotonic() + BROKER_SECONDS
    while time.monotonic() < deadline:
        try:
            ask_broker(settings.CELERY_BROKER_URL)
        except UnusablePart:
            time.sleep(0.02)
        else:
            return


def _beat_on(name: str) -> None:
    """Say that this process lives, whether or not the broker does."""
    while True:
        try:
            close_old_connections()
            Heartbeat.objects.beat(name, clock.real())
        except Error as error:
            log.warning("The heartbeat could not be written: %s", error)
        time.sleep(BEAT_SECONDS)
