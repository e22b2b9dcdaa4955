"""The state machine finds nothing in the real code, and each of the defects that are put into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from invocations import clock, crashpoints, destinations, event_queue
from invocations.destinations import Destination, registry
from invocations.destinations.base import ON_FAILURE, ON_SUCCESS
from invocations.flows import deliver, leases
from invocations.models import FunctionVersion
from invocations.runtime import client
from tests.events import actors
from tests.events.machine import DAYS
from tests.events.mutants import MUTANTS, Mutant
from tests.events.stories import STORIES, Step
from tests.events.stretches import StretchMachine
from tests.events.world import START, world
from tests.flows import conftest
from tests.flows.conftest import Make

home, make = conftest.home, conftest.make  # fixtures
HEALTH = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture(autouse=True)
def stage(transactional_db: None, make: Make, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A function, and instead of time, broker, environments and targets the machine's own."""
    make()
    FunctionVersion.objects.update(state_since=START - DAYS)
    known = {
        **registry(),
        "tester": Destination("tester", frozenset({ON_SUCCESS, ON_FAILURE}), actors.send),
    }
    monkeypatch.setattr(destinations, "registry", lambda: known)
    monkeypatch.setattr(clock, "now", lambda: world.now)
    monkeypatch.setattr(clock, "real", lambda: world.real)
    monkeypatch.setattr(clock, "refresh", lambda: None)
    monkeypatch.setattr(event_queue, "broken", lambda: not world.broker)
    monkeypatch.setattr(event_queue, "send_run", lambda *a, **o: world.send_run(*a, **o))
    monkeypatch.setattr(event_queue, "send_delivery", lambda *a: world.send_delivery(*a))
    monkeypatch.setattr(event_queue, "waiting", lambda queue: world.waiting(queue))
    monkeypatch.setattr(client, "execute", actors.execute)
    monkeypatch.setattr(client, "cancel", lambda request_id, claim: world.stopped.add((request_id, claim)))
    monkeypatch.setattr(deliver, "_draw", lambda: 0.0)
    monkeypatch.setattr(leases, "_start", lambda: None)
    actors.arm_all()
    yield
    actors.dismiss()
    crashpoints.disarm()


def search(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        StretchMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=HEALTH,
            report_multiple_bugs=False,
        ),
    )


def tell(story: Sequence[Step]) -> None:
    """Take these steps with the machine, comparing after each, and bring everything to its end."""
    machine = StretchMachine()
    machine.begin()
    for rule, arguments in story:
        getattr(machine, rule)(**arguments)
        machine.rows_and_model_agree()
    machine.teardown()


def test_rows_and_model_agree_whatever_happens() -> None:
    search(20, 25)


@pytest.mark.storm
def test_rows_and_model_agree_whatever_happens_for_long() -> None:
    search(300, 60)


def test_each_defect_has_its_story() -> None:
    assert list(STORIES) == [mutant.name for mutant in MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_defect_is_found(mutant: Mutant) -> None:
    """The machine can fail: its story goes well without the defect, and does not with it."""
    tell(STORIES[mutant.name])
    with pytest.MonkeyPatch.context() as patch:
        mutant.put_in(patch)
        with pytest.raises((AssertionError, IntegrityError)):
            tell(STORIES[mutant.name])
