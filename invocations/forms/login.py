"""Logging in, with a pause after repeated failures.

After FAILURES wrong passwords for one user name within WINDOW_SECONDS, that name is refused for the rest of the window,
right password or not. Counted in this process's memory: a restart forgets, and each web process counts for itself.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm

FAILURES = 5
WINDOW_SECONDS = 300
NAMES = 10_000  # that are remembered at most


class LoginForm(AuthenticationForm):  # type: ignore[misc]
    def clean(self) -> dict[str, Any]:
        name = str(self.cleaned_data.get("username") or "").casefold()
        wait = failures.wait(name)
        if wait > 0:
            raise ValidationError(f"Too many failed attempts. Try again in {round(wait)} seconds.", code="locked")
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            failures.add(name)
            raise
        failures.forget(name)
        return cleaned


class Failures:
    """Moments of failed attempts by user name, on the monotonic clock."""

    def __init__(self) -> None:
        self._moments: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        with self._lock:
            if name not in self._moments and len(self._moments) >= NAMES:
                self._moments.pop(next(iter(self._moments)))
            self._moments.setdefault(name, deque(maxlen=FAILURES)).append(time.monotonic())

    def forget(self, name: str) -> None:
        with self._lock:
            self._moments.pop(name, None)

    def wait(self, name: str) -> float:
        """Return for how many seconds the name is refused; 0 or less when it is not."""
        with self._lock:
            moments = self._moments.get(name)
            if moments is None or len(moments) < FAILURES:
                return 0
            return moments[0] + WINDOW_SECONDS - time.monotonic()


failures = Failures()
