"""An environment host that makes every environment when it is asked for, so that starts without a spare can be timed.

Runs where the host runs: standard library only, outside the virtual environment.
"""

from __future__ import annotations

from invocations.runtime.host import host, nursery
from invocations.runtime.host.main import main as run


def main() -> None:
    """Let the first spare open the host's door, then keep none."""
    opening = host.Host.open

    def open_and_keep_none(self: host.Host) -> None:
        opening(self)
        nursery.READY_BLANKS = 0

    host.Host.open = open_and_keep_none  # type: ignore[method-assign]
    run()
