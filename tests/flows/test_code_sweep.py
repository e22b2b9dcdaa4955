"""Pruning takes code along that nothing refers to any more."""

from __future__ import annotations

import os

import pytest

from invocations.flows import functions, retention
from lambdaplay.home import Home
from tests.flows.conftest import SCOPE, Make, package, packages_on_disk

pytestmark = pytest.mark.django_db


def test_prune_takes_the_code_of_deleted_functions_an_hour_later(make: Make, home: Home) -> None:
    kept, gone = make("kept"), make("gone", code=package("x = 1\n"))
    for name in (kept.code_sha256, gone.code_sha256):
        os.utime(home.code / name, (1, 1))
    functions.delete_function(SCOPE, "gone")
    assert retention.prune().packages == 0
    for name in (kept.code_sha256, gone.code_sha256):
        os.utime(home.code / name, (1, 1))
    assert retention.prune().packages == 1
    assert packages_on_disk(home) == {kept.code_sha256}


def test_replaced_code_stays_for_an_hour_for_those_who_run_on_it(make: Make, home: Home) -> None:
    old = make()
    os.utime(home.code / old.code_sha256, (1, 1))
    new = functions.update_code(SCOPE, "fn", package("x = 1\n"))
    assert retention.prune().packages == 0
    os.utime(home.code / old.code_sha256, (1, 1))
    os.utime(home.code / new.code_sha256, (1, 1))
    assert retention.prune().packages == 1
    assert packages_on_disk(home) == {new.code_sha256}
