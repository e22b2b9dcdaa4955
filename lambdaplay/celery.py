"""The Celery application. Celery is the messenger: tasks look at rows, rows are the truth."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lambdaplay.settings")

app = Celery("lambdaplay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """Django has set up logging; that somebody listens here keeps Celery from doing it again."""
