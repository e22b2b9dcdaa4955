"""The result backend: django-celery-results, except that an event's own transaction writes its state."""

from __future__ import annotations

from typing import Any

from django_celery_results.backends.database import DatabaseBackend

from invocations.event_queue import RUN_EVENT


class Results(DatabaseBackend):  # type: ignore[misc]
    def _store_result(
        self, task_id: str, result: Any, status: str, *more: Any, request: Any = None, **named: Any
    ) -> Any:
        """`invocations/task_results.py` has written what came of an event, in one commit with the event."""
        if getattr(request, "task", None) == RUN_EVENT:
            return result
        return super()._store_result(task_id, result, status, *more, request=request, **named)
