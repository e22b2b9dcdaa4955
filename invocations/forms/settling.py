"""People and scripts invoke right after they made or changed something: AWS's clients wait, and so do we for them."""

from __future__ import annotations

import time

from invocations.errors import ResourceConflict
from invocations.flows.functions import find
from invocations.models import FunctionVersion
from invocations.values import Scope

SETTLING_SECONDS = 10


def settled(scope: Scope, name: str) -> FunctionVersion:
    """Wait until a creation or update is complete (a fraction of a second) and return $LATEST."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        version = find(scope, name).version
        if not version.unsettled:
            return version
        if time.monotonic() > deadline:
            raise ResourceConflict(f"{name} is still being changed after {SETTLING_SECONDS} seconds.")
        time.sleep(0.02)
