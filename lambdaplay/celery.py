"""The Celery application. Celery is the messenger: tasks look at rows, rows are the truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lambdaplay.settings")

app = Celery("lambdaplay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
