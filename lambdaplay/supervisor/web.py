"""The web part: gunicorn with threads, serving our WSGI application."""

from __future__ import annotations

import os
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from invocations.limits import HELD_CALLS, HELD_NESTED_CALLS, HELD_POLLS, HURRIED_POLLS, RESERVED_THREADS
from invocations.wire import raw_headers, underscores
from lambdaplay.supervisor.process import die_with_parent
from lambdaplay.supervisor.webworker import LingeringWorker

THREADS = HELD_CALLS + HELD_NESTED_CALLS + HELD_POLLS + HURRIED_POLLS + RESERVED_THREADS  # per worker process
GRACE_SECONDS = 1  # for calls in flight when we stop
KEEPALIVE_SECONDS = 75
# Only the worker's accepting thread must show up this often; calls in other threads may take their 900 s.
HUNG_SECONDS = 120


class Web(BaseApplication):  # type: ignore[misc]
    """gunicorn, told everything by us: no command line, no configuration file, no environment."""

    def __init__(self, listener: int, workers: int) -> None:
        self._own = {
            "bind": [f"fd://{listener}"],
            "workers": workers,
            "threads": THREADS,
            "worker_class": LingeringWorker,
            "worker_connections": 4 * THREADS,
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108 - a heartbeat file
            "preload_app": True,
            "timeout": HUNG_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": KEEPALIVE_SECONDS,
            "forwarded_allow_ips": "",
            # Presigned URLs carry a session token; a function's ClientContext is a header of up to 3.5 KB.
            "limit_request_line": 8190,
            "limit_request_field_size": 16380,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "lambdaplay",
            "post_fork": _after_fork,
            # S3 metadata may have underscores in its names; the hook sets such headers aside before anyone reads them.
            "header_map": "dangerous",
            "pre_request": _before,
            "http_parser": "python",  # the one that KeepingParser is made from
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._own.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from lambdaplay.wsgi import application

        return application


def _before(worker: Any, request: Any) -> None:
    underscores.set_aside(worker, request)
    raw_headers.keep(request)


def _after_fork(arbiter: Any, worker: Any) -> None:
    die_with_parent(arbiter.pid)


def run(listener: int, workers: int) -> None:
    sys.argv = ["lambdaplay"]  # gunicorn keeps it for a re-exec that we do not use
    Web(listener, workers).run()
