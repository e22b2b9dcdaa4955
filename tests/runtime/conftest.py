"""One environment host for all tests of a sandbox level; only one runs at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from invocations.runtime.kernel import probe
from tests.runtime import hosts
from tests.runtime.hosts import Host

LEVELS = ("L2", "L0")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With xdist, one worker runs all tests of a level, so that its host is started once."""
    for item in items:
        level = getattr(item, "callspec", None) and item.callspec.params.get("running_host")  # type: ignore[attr-defined]
        if level:
            item.add_marker(pytest.mark.xdist_group(f"sandbox-{level}"))


@cache
def findings() -> dict[str, str]:
    return probe.probe()


def demand(level: str) -> None:
    """Skip, with the probe's reason, where this machine cannot do it."""
    found, reason = probe.level(findings(), level)
    if found is None:
        pytest.skip(reason)


@pytest.fixture(scope="session", params=LEVELS)
def running_host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    demand(request.param)
    with hosts.host(request.param, tmp_path_factory.mktemp("host") / "log") as running:
        yield running


@pytest.fixture
def host(running_host: Host) -> Iterator[Host]:
    """The host at each level. For tests of what levels have in common: `@best`."""
    yield running_host
    running_host.retire_all()


best = pytest.mark.parametrize("running_host", LEVELS[:1], indirect=True)
