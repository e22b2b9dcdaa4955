"""Scheduler's quotas and defaults. Source: its service model and quotas page."""

from __future__ import annotations

from datetime import timedelta

DEFAULT_GROUP = "default"
GROUPS = 500  # an account and region
TAGS = 50
LIST_ITEMS = 100
RETRIES = 185
AGE_SECONDS = 86_400
LATE_START = timedelta(minutes=5)  # a recurring schedule may have begun so long ago

TOKEN_LIFE = timedelta(days=1)  # ours: how long a client token is remembered, in real time
