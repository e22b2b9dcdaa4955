"""What figures are compared with, on a state folder of its own (LAMBDAPLAY_HOME).

`python -m bench.bare web PORT`: serve the bare views. With CELERY_BROKER_URL (lambdaplay's own broker) also:
`python -m bench.bare worker`: run Celery's worker as it comes, two processes.
`python -m bench.bare drain TASKS`: send so many tasks, print how many a second were sent, run and stored.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402
from django_celery_results.models import TaskResult  # noqa: E402

from bench.bare.models import SELECTED, Call  # noqa: E402
from bench.bare.tasks import app, nothing  # noqa: E402
from lambdaplay.supervisor.claim import BACKLOG  # noqa: E402
from lambdaplay.supervisor.parts import WEB_WORKERS  # noqa: E402
from lambdaplay.supervisor.process import die_with_parent  # noqa: E402
from lambdaplay.supervisor.web import Web  # noqa: E402

PROCESSES = 2
PATIENCE_SECONDS = 300.0


class BareWeb(Web):
    """lambdaplay's gunicorn with another application."""

    def load(self) -> Any:
        return get_wsgi_application()


def _web(port: str) -> None:
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=BACKLOG)
    sys.argv = ["bare"]
    gc.freeze()  # as the supervisor does before it forks
    BareWeb(listener.fileno(), WEB_WORKERS).run()


def _worker() -> None:
    options = {"loglevel": "WARNING", "without_gossip": True, "without_mingle": True, "quiet": True}
    app.Worker(pool="prefork", concurrency=PROCESSES, **options).start()


def _drain(tasks: str) -> None:
    wanted = int(tasks)
    before = TaskResult.objects.count()
    began = time.perf_counter()
    for _ in range(wanted):
        nothing.delay(str(uuid.uuid4()))
    while TaskResult.objects.count() - before < wanted:
        if time.perf_counter() - began > PATIENCE_SECONDS:
            sys.exit(f"{wanted} tasks were not done within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.02)
    print(wanted / (time.perf_counter() - began))


def _make_tables() -> None:
    call_command("migrate", "django_celery_results", verbosity=0)
    if Call._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Call)
        now = datetime.now(UTC)
        words = {"account": "000000000000", "region": "us-east-1", "function": "echo", "state": "Active"}
        moments = {"accepted_at": now, "ended_at": now, "duration_us": 1}
        Call.objects.create(request_id=SELECTED, request=b"{}", response=b"{}", **words, **moments)
    connection.close()


def main(verb: str, *arguments: str) -> None:
    die_with_parent(os.getppid())
    _make_tables()
    verbs: dict[str, Callable[..., None]] = {"web": _web, "worker": _worker, "drain": _drain}
    verbs[verb](*arguments)


main(*sys.argv[1:])
