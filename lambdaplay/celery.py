"""The Celery application. Celery is the messenger: tasks look at rows, rows are the truth."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lambdaplay.settings")

app = Celery("lambdaplay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """Django has set up logging; that somebody listens here keeps Celery from doing it again."""


def when_stopping(call: Callable[[], object]) -> None:
    """Call this once when this process's worker is told to stop."""
    worker_shutting_down.connect(lambda **_: call(), weak=False)
