"""Every run gets a state folder of its own, before Django reads its settings.

`live` is the whole house, started like a user starts it and shared by all tests that ask for it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings as django_settings

_HOMES = "LAMBDAPLAY_TEST_HOMES"
_KEPT = (_HOMES, "LAMBDAPLAY_TEST_DATABASE_URL", "LAMBDAPLAY_TEST_POSTGRES", "LAMBDAPLAY_REQUIRE_SERVICES")


def _make_place() -> Path:
    """Forget the user's configuration; return this process's own state folder (each xdist worker has one)."""
    for name in list(os.environ):
        if name.startswith(("LAMBDAPLAY_", "AWS_", "CELERY_", "DATABASE_URL")) and name not in _KEPT:
            del os.environ[name]
    # Short, because sockets lie below it.
    homes = os.environ.setdefault(_HOMES, tempfile.mkdtemp(prefix="lpt-"))
    place = Path(homes) / os.environ.get("PYTEST_XDIST_WORKER", "main")
    os.environ["LAMBDAPLAY_HOME"] = str(place)
    if "LAMBDAPLAY_TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["LAMBDAPLAY_TEST_DATABASE_URL"]
    return place


HOME = _make_place()
os.environ["DJANGO_SETTINGS_MODULE"] = "lambdaplay.settings"
django.setup()
django_settings.LAMBDAPLAY_HOME.make()  # as `manage.py up` does before anything else
# A worker that inherited it would read the settings before this file gives it a place.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.test.signals import setting_changed  # noqa: E402

from invocations import clock  # noqa: E402
from invocations.runtime import client  # noqa: E402
from lambdaplay.db.pool import close_idle  # noqa: E402
from tests.house import House, free_port  # noqa: E402


def _forget_the_place(*, setting: str, **_: Any) -> None:
    """A server has one state folder for its life, so the client remembers the socket; tests have several."""
    if setting == "LAMBDAPLAY_HOME":
        client._socket.cache_clear()


setting_changed.connect(_forget_the_place)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ[_HOMES], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before -m picks by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With xdist, all tests of the live house run in one worker, so that it is started once."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent / "browser"):
            item.add_marker(pytest.mark.browser)
        if "live" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("live"))


def require(present: bool, what: str) -> None:
    """Skip when a service is not on this machine; fail where all of them must be (LAMBDAPLAY_REQUIRE_SERVICES=1)."""
    if present:
        return
    if os.environ.get("LAMBDAPLAY_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is missing, and LAMBDAPLAY_REQUIRE_SERVICES=1 wants it", pytrace=False)
    pytest.skip(f"{what} is missing")


@pytest.fixture(autouse=True)
def _time_of_its_own() -> Iterator[None]:
    """What one test did to the clock is unknown to the next; between tests, and only there, time may run back."""
    clock.forget()
    yield
    clock.forget()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """PostgreSQL drops no database that somebody is connected to, and the pool keeps connections for the next loan."""
    yield
    close_idle()


@pytest.fixture(scope="session")
def live() -> Iterator[House]:
    """The running house: `live.url`, `live.client("lambda")`, `live.home`, `live.admin_password`."""
    house = House(HOME / "live", free_port())
    house.start()
    try:
        yield house
    finally:
        leftovers = house.stop()
    assert leftovers == [], "processes that outlived the house"
