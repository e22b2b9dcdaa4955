"""The life of execution environments: reuse, freezing, replacement, limits of concurrency, and accidents."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from invocations.errors import TooManyRequests
from invocations.runtime import client
from invocations.values import Execution, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import SCOPE, Host, alive, until

COUNTS = "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
SLEEPS = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return time.time()\n"


@best
def test_an_environment_is_used_again_warm(host: Host) -> None:
    spec = host.function(COUNTS)
    first, second = host.run(spec), host.run(spec)
    assert (first.payload, second.payload) == (b"1", b"2")
    assert (first.cold, second.cold) == (True, False)
    assert first.environment_id == second.environment_id
    assert first.log_stream == second.log_stream
    assert second.init_seconds is None
    assert b"Init Duration" in first.log
    assert b"Init Duration" not in second.log


@best
def test_initialised_ahead_is_cold_but_does_not_wait(host: Host) -> None:
    spec = host.function("import time\ntime.sleep(1)\ndef handler(event, context): return 1")
    client.prepare(spec)
    assert until(lambda: host.states(spec) == ["frozen"])
    began = time.monotonic()
    execution = host.run(spec)
    assert time.monotonic() - began < 1
    assert execution.cold
    assert execution.init_seconds is not None
    assert execution.init_seconds >= 1


TICKS = """
import threading, time
longest = 0.0
def tick():
    global longest
    last = time.monotonic()
    while True:
        time.sleep(0.001)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
def handler(event, context):
    if event == "start":
        threading.Thread(target=tick, daemon=True).start()
        time.sleep(0.02)
    return longest
"""


def test_threads_stand_still_between_invocations(host: Host) -> None:
    ticking = host.function(TICKS)
    before = host.call(ticking, "start")
    assert until(lambda: host.states(ticking) == ["frozen"])
    host.call(host.function(SLEEPS), 0.5)
    assert before < 0.4
    assert until(lambda: host.call(ticking) >= 0.4)  # as soon as the thread has had its turn


def test_children_stand_still_too(host: Host) -> None:
    source = """
import os, subprocess, tempfile
path = tempfile.gettempdir() + "/ticks"
def handler(event, context):
    if event == "start":
        command = f"while true; do echo x >> {path}; sleep 0.01; done"
        subprocess.Popen(["sh", "-c", command], start_new_session=True)
        while not os.path.exists(path): pass
    return os.path.getsize(path)
"""
    ticking = host.function(source)
    host.call(ticking, "start")
    assert until(lambda: host.states(ticking) == ["frozen"])
    before = host.call(ticking)
    assert until(lambda: host.states(ticking) == ["frozen"])
    host.call(host.function(SLEEPS), 0.5)
    assert host.call(ticking) - before < 2 * 25


@best
def test_a_changed_function_never_meets_an_old_environment(host: Host) -> None:
    old = host.function("import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'old'")
    host.call(old, 0)
    new = dataclasses.replace(old, key=f"{old.key}-2", code_sha256=host.function(COUNTS).code_sha256)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.run, old, 0.3)
        assert until(lambda: host.states(old) == ["busy"])
        client.retire(SCOPE, old.function)
        assert host.call(new) == 1
        assert running.result().payload == b'"old"'
    assert until(lambda: host.states(new) == ["frozen"])  # the only one left


@best
def test_parallel_events_overlap_in_environments_of_their_own(host: Host) -> None:
    spec = host.function(SLEEPS)
    began = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        executions = list(pool.map(lambda _: host.run(spec, 1), range(20)))
    took = time.monotonic() - began
    assert {execution.outcome for execution in executions} == {Outcome.SUCCESS}
    assert len({execution.environment_id for execution in executions}) == 20
    latest_start = max(execution.started_at for execution in executions)
    assert latest_start < min(execution.ended_at for execution in executions)
    assert took < 2.5


# --- limits of concurrency --------------------------------------------------------------------------------------------


def in_another_process(work: Callable[[], object]) -> object:
    """What `work` returns, or the reason of its throttle, in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = work()
        except TooManyRequests as refusal:
            answer = dict(refusal.extra)["Reason"]
        except BaseException as error:
            answer = repr(error)
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        answer = json.load(file)
    os.waitpid(pid, 0)
    return answer


@best
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_reserved_concurrency_counts_every_process(host: Host) -> None:
    spec = host.function(SLEEPS, reserved_concurrency=2)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(host.run, spec, 0.5) for _ in range(2)]
        assert until(lambda: [each.state for each in client.state().environments].count("busy") == 2)
        reason = in_another_process(lambda: host.call(spec, 0))
        assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert {each.result().outcome for each in running} == {Outcome.SUCCESS}
    assert isinstance(in_another_process(lambda: host.call(spec, 0)), float)


@best
def test_a_reservation_of_zero_refuses_every_call(host: Host) -> None:
    with pytest.raises(TooManyRequests):
        host.run(host.function(COUNTS, reserved_concurrency=0))


@best
def test_unreserved_functions_share_what_is_left(host: Host) -> None:
    busy = host.function(SLEEPS, unreserved_limit=1)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.run, busy, 0.3)
        assert until(lambda: host.states(busy) == ["busy"])
        with pytest.raises(TooManyRequests):
            host.run(host.function(COUNTS, unreserved_limit=1))
        assert host.call(host.function(COUNTS, reserved_concurrency=1)) == 1
        assert running.result().outcome == Outcome.SUCCESS


# --- /tmp -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["time.sleep(60)", "os._exit(1)"])
def test_tmp_survives_the_reset_of_its_environment(host: Host, end: str) -> None:
    source = f"""
import os, tempfile, time
path = tempfile.gettempdir() + "/kept"
n = 0
def handler(event, context):
    global n
    n += 1
    if event == "read": return [n, open(path).read()]
    open(path, "w").write("mine")
    {end}
"""
    spec = host.function(source, timeout_seconds=1)
    ended = host.run(spec, "write")
    assert ended.outcome in (Outcome.TIMEOUT, Outcome.EXITED)
    again = host.run(spec, "read")
    assert json.loads(again.payload) == [1, "mine"]
    assert again.environment_id == ended.environment_id
    assert again.log_stream == ended.log_stream
    assert again.init_seconds is None  # a repeated init is part of the duration


@best
def test_tmp_is_as_large_as_asked_for(host: Host) -> None:
    source = """
import errno, os
def handler(event, context):
    try:
        with open("/tmp/big", "wb") as file:
            while True:
                file.write(b"x" * 65536)
                file.flush()
    except OSError as error:
        return [errno.errorcode[error.errno], os.path.getsize("/tmp/big")]
"""
    assert host.call(host.function(source, tmp_mb=3)) == ["ENOSPC", 3 << 20]


# --- accidents --------------------------------------------------------------------------------------------------------


HANDLES = """
import subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", event["mark"]])
    time.sleep(event["seconds"])
"""
_marks = itertools.count(77100)


def events_in_flight(host: Host, seconds: float) -> tuple[list[Execution], threading.Thread]:
    """An event whose handler runs when this returns; its result comes into the list."""
    spec = host.function(HANDLES, timeout_seconds=30)
    mark = f"{next(_marks)}.{os.getpid()}"
    results: list[Execution] = []
    event = {"mark": mark, "seconds": seconds}
    thread = threading.Thread(target=lambda: results.append(host.run(spec, event)))
    thread.start()
    assert until(lambda: alive(mark) == 1)
    return results, thread


@pytest.mark.parametrize("depth", [0, -1], ids=["outermost", "innermost"])
def test_the_parent_of_all_environments_is_killed(host: Host, depth: int) -> None:
    results, thread = events_in_flight(host, 3.0)
    parent = host.process_children()[0]
    alone = parent.children()[:1] if len(parent.children()) == 1 else []
    # Namespaces end with their parent, though not in the same instant: an event handed over meanwhile is lost with it.
    dependent = parent.children(recursive=True) if host.level == "L2" else []
    os.kill([parent, *alone][depth].pid, signal.SIGKILL)
    assert until(lambda: not any(still_runs(each) for each in dependent))
    began = time.monotonic()
    assert host.call(host.function(COUNTS)) == 1
    assert time.monotonic() - began < 3.0
    thread.join(5)
    assert len(results) == 1
    # Without namespaces environments do not depend on their parent.
    expected = (Outcome.EXITED, "Sandbox.Failure") if host.level == "L2" else (Outcome.SUCCESS, "")
    assert (results[0].outcome, results[0].error_type) == expected


def test_environments_made_ahead_are_killed(host: Host) -> None:
    host.call(host.function(COUNTS))
    parent = host.process_children()[0]
    root = parent.children()[0] if len(parent.children()) == 1 else parent
    busy = {each.pid for each in root.children() if not each.children()}
    blanks = [each for each in root.children() if each.pid not in busy]
    for blank in blanks:
        blank.kill()
    assert until(lambda: not any(still_runs(blank) for blank in blanks))
    execution = host.run(host.function(COUNTS))
    assert execution.payload == b"1"
    assert b"INIT_REPORT" not in execution.log


def test_a_function_kills_its_own_init(host: Host) -> None:
    """Possible only without a pid namespace and on kernels that let signals through; either way nothing remains."""
    source = "import os\ndef handler(event, context):\n    os.kill(os.getppid(), 9)\n    return 'alive'"
    execution = host.run(host.function(source))
    assert execution.outcome in (Outcome.SUCCESS, Outcome.FUNCTION_ERROR)
    if execution.outcome == Outcome.FUNCTION_ERROR:
        assert execution.error_type == "PermissionError"


def still_runs(process: psutil.Process) -> bool:
    """Whether it does anything yet; whom nobody has reaped is dead all the same."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def test_the_host_is_killed_and_nothing_of_it_remains(host: Host) -> None:
    source = """
import os, time
def handler(event, context):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork(): os._exit(0)
            os.execv("/bin/sleep", ["sleep", event])
    time.sleep(30)
"""
    mark = f"77078.{os.getpid()}"
    spec = host.function(source, timeout_seconds=30)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(host.run, spec, mark)
        assert until(lambda: alive(mark) == 3)
        below = host.tree()[1:]
        os.kill(host.process.pid, signal.SIGKILL)
        host.process.wait()
        # A second, and what a busy machine needs to look at all its processes.
        until(lambda: not any(map(still_runs, below)) and not alive(mark), 3.0)
        assert not any(map(still_runs, below))
        assert alive(mark) == 0
        assert running.result(5).outcome == Outcome.EXITED
    host.restart()
    assert host.call(host.function(COUNTS)) == 1


def test_a_borrower_that_dies_takes_its_environment_along(host: Host) -> None:
    spec = host.function(SLEEPS, timeout_seconds=30)
    pid = os.fork()
    if pid == 0:
        host.run(spec, 20)
        os._exit(0)
    assert until(lambda: any(each.state == "busy" for each in client.state().environments))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert until(lambda: not [each for each in client.state().environments if each.state == "busy"])
