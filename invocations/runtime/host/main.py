"""Start the environment host: `python -I -S -c ... <settings file>` (see runtime/command.py)."""

from __future__ import annotations

import logging
import signal
import sys

from invocations.runtime.host.host import Host
from invocations.runtime.host.loop import Loop
from invocations.runtime.host.settings import HostSettings
from invocations.runtime.kernel import probe
from invocations.runtime.kernel import syscalls as sys_


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with open(sys.argv[1]) as file:
        settings = HostSettings.from_json(file.read())
    sys_.set_parent_death_signal(signal.SIGKILL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor, which stops us in order
    findings = probe.probe()
    level, reason = probe.level(findings, settings.sandbox)
    if level is None:
        sys.exit(reason)
    logging.getLogger("lambdaplay.host").info("sandbox %s: %s", level, reason)
    loop = Loop()
    Host(loop, settings, level, {**findings, "level": reason}).start()
    loop.run()
