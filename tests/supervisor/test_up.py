"""`manage.py up` as a whole: what it starts, restarts and stops."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.house import STOP_SECONDS, House, free_port

# A house that is stopped and hurt costs seconds to start: these tests share one, and so one worker.
pytestmark = pytest.mark.xdist_group("up")


@pytest.fixture(scope="module")
def the_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    # No companion: it takes longest to start, and the live house has one.
    made = House(tmp_path_factory.mktemp("up") / "home", free_port(), {"LAMBDAPLAY_COMPANION": "none"})
    yield made
    made.stop(signal.SIGKILL)


@pytest.fixture
def house(the_house: House) -> House:
    """Up and well, whatever the test before did to it."""
    if the_house.process is None or the_house.process.poll() is not None:
        the_house.launch()
    the_house.wait_for("ok")
    return the_house


def part(house: House, name: str) -> psutil.Process:
    """The process of a part: the child of the supervisor that bears its name."""
    assert house.process is not None
    return next(one for one in psutil.Process(house.process.pid).children() if one.name() == name)


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_a_term_stops_everything_in_time_and_a_second_start_goes_on(house: House) -> None:
    house.client("lambda").delete_function(FunctionName="slow")
    change = "from django.contrib.auth.models import User; u = User.objects.get(); u.set_password('x'); u.save()"
    assert house.manage("shell", "-c", change).returncode == 0
    assert house.stop(signal.SIGTERM) == []
    assert house.process is not None
    assert house.process.returncode == 0

    house.start()
    wait_until(lambda: "password as it was changed in the console" in house.printed, 10)
    functions = house.client("lambda").list_functions()["Functions"]
    assert "slow" not in {function["FunctionName"] for function in functions}
    assert len(functions) == 5
    assert house.stop(signal.SIGINT) == []


def test_nothing_outlives_a_kill_of_the_supervisor(house: House) -> None:
    # A warm environment must go too.
    house.client("lambda").invoke(FunctionName="hello")
    assert len(house.processes()) > 6
    assert house.stop(signal.SIGKILL, STOP_SECONDS) == []
    house.start()  # port and state folder are free again


def test_a_part_that_dies_is_started_again_and_the_others_go_on(house: House) -> None:
    others = {name: part(house, name).pid for name in ("lp-web", "lp-beat", "lp-control")}
    worker = part(house, "lp-worker")
    worker.kill()
    wait_until(lambda: not worker.is_running(), 5)
    wait_until(lambda: any(one.name() == "lp-worker" for one in house.processes()), 10)
    assert part(house, "lp-worker").pid != worker.pid
    assert {name: part(house, name).pid for name in others} == others
    assert "worker was ended by SIGKILL; it is started again in 0.1 s." in house.printed
    house.wait_for("ok")


def test_callers_wait_while_the_web_part_is_started_again(house: House) -> None:
    web = part(house, "lp-web")
    web.kill()
    wait_until(lambda: not web.is_running(), 5)
    # The supervisor still listens: the call is answered late, not refused.
    assert house.health() is not None


def test_a_lost_broker_only_degrades(house: House) -> None:
    broker = part(house, "valkey-server")
    broker.suspend()
    try:
        degraded = house.wait_for("degraded", 20)
        assert {name for name, one in degraded["parts"].items() if one["state"] != "ok"} <= {"broker", "messages"}
        answer = house.health()
        assert answer is not None
        assert answer[0] == 200
    finally:
        broker.resume()
    house.wait_for("ok", 30)


def test_a_second_up_on_the_same_state_folder_is_refused(house: House) -> None:
    second = House(house.home, free_port(), house.environment)
    refused = second.manage("up")
    assert refused.returncode == 1
    assert "already running on this state folder" in refused.stderr
    assert house.health() is not None


def test_a_taken_port_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = House(tmp_path / "home", taken.getsockname()[1])
        refused = other.manage("up")
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1 port {other.port}" in refused.stderr
    assert "Traceback" not in refused.stderr
