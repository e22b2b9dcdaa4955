"""Provisioned concurrency in real environments: ready before the first call, kept so, used first, restored."""

from __future__ import annotations

import dataclasses
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from invocations.errors import TooManyRequests
from invocations.runtime import client
from invocations.runtime.host.pools import INIT_FAILURE
from invocations.values import EnvironmentSpec, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import SCOPE, Host, until

SLOW = """
import os, time
time.sleep(0.3)
print("loaded")
n = 0
def handler(event, context):
    global n
    n += 1
    time.sleep(event or 0)
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], n]
"""
ENDS = "import os\ndef handler(event, context):\n    if event == 'end': os._exit(3)\n    return 'alive'\n"
PROVISIONED, ON_DEMAND = "provisioned-concurrency", "on-demand"


def published(host: Host, source: str = SLOW, **changes: Any) -> EnvironmentSpec:
    return host.function(source, version="1", **changes)


def environments(spec: EnvironmentSpec) -> set[str]:
    return {each.environment_id for each in client.state().environments if each.function_arn.endswith(spec.function)}


def is_ready(host: Host, spec: EnvironmentSpec, count: int) -> bool:
    pool = host.pool(spec)
    return pool is not None and pool.ready == count


def test_every_call_within_the_count_is_served_without_a_cold_start(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 4)
    with ThreadPoolExecutor(4) as pool:
        executions = [each for _ in range(5) for each in pool.map(lambda _: host.run(spec, 0.1), range(4))]
    assert {each.outcome for each in executions} == {Outcome.SUCCESS}
    assert [each.cold for each in executions] == [False] * 20
    assert {each.init_seconds for each in executions} == {None}
    assert max(each.duration_seconds for each in executions) < 0.3  # no init inside of it either
    assert {each.environment_id for each in executions} == environments(spec)
    assert len(environments(spec)) == 4
    assert all(PROVISIONED.encode() in each.payload for each in executions)


@best
def test_the_first_call_tells_of_the_init_and_its_report_does_not(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 1)
    first, second = host.run(spec), host.run(spec)
    start, loaded, report, *rest = first.log.decode().splitlines()
    assert start.startswith("INIT_START Runtime Version: ")
    assert loaded == "loaded"
    assert report.startswith("INIT_REPORT Init Duration: ")
    assert report.endswith(" ms\tPhase: init\tStatus: success")
    assert rest[0].startswith("START ")
    assert "Init Duration" not in rest[-1]
    assert first.billed_ms < 300
    assert b"INIT" not in second.log


@best
def test_what_is_over_the_count_spills_over_and_the_provisioned_come_first_again(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 1)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(host.run, spec, 0.8)
        assert until(lambda: "busy" in host.states(spec))
        spilled = host.run(spec)
        assert spilled.cold
        assert spilled.init_seconds is not None
        assert ON_DEMAND.encode() in spilled.payload
        assert host.run(spec).environment_id == spilled.environment_id  # warm by now
        ready = held.result().environment_id
    assert [host.run(spec).environment_id for _ in range(3)] == [ready] * 3


@best
def test_what_is_provisioned_is_set_aside_of_the_reservation(host: Host) -> None:
    spec = published(host, reserved_concurrency=2, provisioned=2)
    latest = dataclasses.replace(spec, key=f"{spec.key}-latest", version="$LATEST")
    host.provision(spec, 2)
    with pytest.raises(TooManyRequests):
        host.run(latest)
    assert host.call(spec)[0] == PROVISIONED
    assert host.call(dataclasses.replace(latest, reserved_concurrency=3))[0] == ON_DEMAND


@best
def test_a_pool_that_fails_takes_nothing_off_the_reservation(host: Host) -> None:
    spec = published(host, "1 / 0\n", reserved_concurrency=1, provisioned=1)
    client.provision(SCOPE, spec.function, [(spec, 1)])
    assert until(lambda: (pool := host.pool(spec)) is not None and pool.reason != "")
    assert host.run(spec).outcome == Outcome.INIT_ERROR  # not throttled


@best
def test_provisioned_environments_outlive_an_update(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 1)
    kept = environments(spec)
    client.retire(SCOPE, spec.function)  # $LATEST was changed
    assert host.run(spec).environment_id in kept
    assert environments(spec) == kept


def test_one_that_ends_is_initialised_again_before_the_next_call(host: Host) -> None:
    spec = published(host, ENDS)
    host.provision(spec, 1)
    ended = host.run(spec, "end")
    assert ended.outcome == Outcome.EXITED
    assert until(lambda: is_ready(host, spec, 1))
    again = host.run(spec)
    assert (again.payload, again.environment_id) == (b'"alive"', ended.environment_id)
    assert (again.cold, again.init_seconds) == (False, None)
    assert b"Status: success" in again.log  # the new init is told of


@best
def test_those_whose_processes_are_killed_are_replaced(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 2)
    assert until(lambda: host.states(spec) == ["frozen"] * 2)
    before = environments(spec)
    for process in host.tree():
        if process.status() == psutil.STATUS_STOPPED:
            process.kill()
    assert until(lambda: len(environments(spec)) == 2 and not environments(spec) & before)
    assert until(lambda: is_ready(host, spec, 2))
    assert not host.run(spec).cold


@best
def test_fewer_are_kept_when_fewer_are_wanted_and_none_when_none(host: Host) -> None:
    spec = published(host)
    host.provision(spec, 3)
    host.provision(spec, 1)
    assert until(lambda: len(environments(spec)) == 1)
    client.provision(SCOPE, spec.function, [])
    assert until(lambda: not environments(spec))
    assert host.pool(spec) is None
    assert host.run(spec).cold


@best
def test_another_version_takes_their_place(host: Host) -> None:
    """As when an alias moves."""
    old = published(host)
    new = dataclasses.replace(old, key=f"{old.key}-2", version="2")
    host.provision(old, 2)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(host.run, old, 0.5)
        assert until(lambda: "busy" in host.states(old))
        host.provision(new, 2)
        assert host.call(new)[0] == PROVISIONED
        assert held.result().outcome == Outcome.SUCCESS  # it was let finish
    assert until(lambda: len(environments(new)) == 2)
    assert {each.version for each in client.state().environments if each.provisioned} == {"2"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print('about to fail')\n1 / 0\n", "ZeroDivisionError"),
        ("import os\nprint('about to fail', flush=True)\nos._exit(1)\n", "about to fail"),
    ],
    ids=["raises", "exits"],
)
@best
def test_a_failing_initialisation_is_told_and_tried_again(host: Host, source: str, words: str) -> None:
    spec = published(host, source)
    client.provision(SCOPE, spec.function, [(spec, 2)])
    assert until(lambda: (pool := host.pool(spec)) is not None and pool.reason != "")
    pool = host.pool(spec)
    assert pool is not None
    assert (pool.wanted, pool.ready, pool.reason) == (2, 0, INIT_FAILURE)
    assert words in pool.log
    assert until(lambda: (pool := host.pool(spec)) is not None and pool.started > 0, 10)
    mended = dataclasses.replace(spec, key=f"{spec.key}-2", code_sha256=host.function(ENDS).code_sha256)
    host.provision(mended, 2)
    assert host.call(mended) == "alive"


@best
def test_all_of_them_are_made_again_when_their_parent_ends(host: Host) -> None:
    spec = published(host, ENDS)
    host.provision(spec, 2)
    before = environments(spec)
    os.kill(host.process_children()[0].pid, signal.SIGKILL)
    assert until(lambda: not environments(spec) & before and is_ready(host, spec, 2), 10)
    assert host.call(spec) == "alive"
