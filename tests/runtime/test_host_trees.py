"""Whatever a function starts, and however it does so, is gone when its environment ends. At each sandbox level."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from invocations.values import Outcome
from tests.runtime.hosts import Host, alive, until

CHILDREN = """
import os, signal, subprocess, sys, time
def daemon(mark):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.execv("/bin/sleep", ["sleep", mark])
        os._exit(0)
def handler(event, context):
    for _ in range(20):
        daemon(event["mark"])
    subprocess.Popen(["sleep", event["mark"]], start_new_session=True)
    if event["end"] == "exit":
        time.sleep(0.5)
        os._exit(1)
    time.sleep(60)
"""


@pytest.mark.parametrize(("end", "timeout", "outcome"), [("timeout", 1, Outcome.TIMEOUT), ("exit", 30, Outcome.EXITED)])
def test_nothing_that_a_function_started_outlives_it(host: Host, end: str, timeout: int, outcome: Outcome) -> None:
    mark = f"77077.{os.getpid()}"
    spec = host.function(CHILDREN, timeout_seconds=timeout)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.run, spec, {"mark": mark, "end": end})
        assert until(lambda: alive(mark) == 21)
        execution = running.result()
    assert execution.outcome == outcome
    assert until(lambda: alive(mark) == 0, 1.0)


def test_a_deadline_is_kept_within_a_tenth_of_a_second(host: Host) -> None:
    spec = host.function("import time\ndef handler(e, c):\n while True: pass", timeout_seconds=1)
    took: list[float] = []
    while len(took) < 4 and not (took and took[-1] < 1.1):  # a busy machine may delay one, not all
        began = time.monotonic()
        assert host.run(spec).outcome == Outcome.TIMEOUT
        took.append(time.monotonic() - began)
    assert 1.0 <= min(took) < 1.1, took


def test_a_fork_bomb_ends_with_its_deadline_or_its_memory(host: Host) -> None:
    bomb = """
import os, time
def handler(event, context):
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)
"""
    neighbour = host.function("def handler(event, context): return 1")
    execution = host.run(host.function(bomb, timeout_seconds=1, memory_mb=10240))
    # Whichever limit it meets first: a thousand processes together may hold more than the function's memory.
    assert execution.outcome in (Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)
    assert host.call(neighbour) == 1
