"""EventBridge Scheduler: groups and schedules on the database. Knows what schedules send, not who takes it.

What they send leaves through `invocations.outlet`.
"""

from __future__ import annotations

from invocations.engines.scheduler.errors import SchedulerRefusal

__all__ = ["SchedulerRefusal"]
