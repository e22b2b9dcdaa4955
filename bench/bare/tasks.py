"""A Celery task that does nothing, as the first page of Celery's manual has it; its result goes to the database."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.bare.settings")

app = Celery("bare")
app.conf.update(
    broker_url=os.environ.get("CELERY_BROKER_URL"),
    result_backend="django-db",
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    task_default_queue="bare",  # the broker is lambdaplay's, its queues are not
    worker_hijack_root_logger=False,
)


@app.task
def nothing(request_id: str) -> None:
    pass
