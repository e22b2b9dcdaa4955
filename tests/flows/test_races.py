"""What happens at once: real threads and processes on the real database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from invocations.errors import Refusal
from invocations.flows import aliases, concurrency, functions, versions
from invocations.flows.functions import ConfigurationChanges, create_function, find
from invocations.models import Alias, Function, FunctionVersion
from invocations.runtime import code
from lambdaplay.db.pool import close_idle
from lambdaplay.home import Home
from tests.flows.conftest import SCOPE, Make, draft, let_settle, package, packages_on_disk

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


@pytest.fixture(autouse=True)
def nothing_stays_connected() -> Iterator[None]:
    """A server database is not dropped under connections that the threads left in the pool."""
    yield
    close_idle()


def at_once(action: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Run the action in as many threads, all starting together; return results, refusals as their code."""
    results: list[Any] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            results.append(action(number))
        except Refusal as refusal:
            results.append(refusal.code)
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_who_create_one_name_one_wins_and_only_its_code_stays(home: Home) -> None:
    packages = [package(f"x = {number}\n") for number in range(THREADS)]
    results = at_once(lambda number: create_function(SCOPE, draft(code=packages[number])).code_sha256)
    counted = Counter(results)
    assert counted.pop("ResourceConflictException") == THREADS - 1
    assert list(counted.values()) == [1]
    assert packages_on_disk(home) == set(counted)
    assert [row.code_sha256 for row in FunctionVersion.objects.all()] == list(counted)


def test_of_many_who_create_one_name_with_one_package_nobody_takes_it_from_the_winner(home: Home) -> None:
    results = at_once(lambda _: create_function(SCOPE, draft(code=package())).code_sha256)
    assert Counter(results)["ResourceConflictException"] == THREADS - 1
    assert packages_on_disk(home) == {find(SCOPE, "fn").version.code_sha256}


def test_processes_race_like_threads(home: Home) -> None:
    """The winner is one over all processes, and each loser takes its own code back."""
    source = """
import sys
import django; django.setup()
from django.conf import settings
from django.db import connections
from pathlib import Path
from lambdaplay.db.pool import close_idle
from lambdaplay.home import Home
from invocations.errors import ResourceConflict
from invocations.flows.functions import create_function
from tests.flows.conftest import SCOPE, draft, package
settings.LAMBDAPLAY_HOME = Home(Path(sys.argv[1]))
connections["default"].settings_dict["NAME"] = sys.argv[2]
code = package(f"x = {sys.argv[3]}\\n")
print("ready", flush=True)
sys.stdin.readline()
try:
    create_function(SCOPE, draft(code=code))
    print("won")
except ResourceConflict:
    print("lost")
"""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lambdaplay.settings"}
    name = str(connection.settings_dict["NAME"])
    started = [
        subprocess.Popen(
            [sys.executable, "-c", source, str(home.root), name, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        for number in range(3)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=30)[0].strip() for process in started]
    assert sorted(ends) == ["lost", "lost", "won"]
    assert Function.objects.count() == 1
    assert packages_on_disk(home) == {FunctionVersion.objects.get().code_sha256}


def test_of_many_updates_one_gets_in_and_the_others_are_told_of_it(make: Make, home: Home) -> None:
    make()
    changes = [ConfigurationChanges(memory_mb=200 + number) for number in range(THREADS)]
    results = at_once(lambda number: functions.update_configuration(SCOPE, "fn", changes[number]).memory_mb)
    assert Counter(results)["ResourceConflictException"] == THREADS - 1
    assert find(SCOPE, "fn").version.memory_mb in results
    let_settle()
    packages = [package(f"x = {number}\n") for number in range(THREADS)]
    results = at_once(lambda number: functions.update_code(SCOPE, "fn", packages[number]).code_sha256)
    assert Counter(results)["ResourceConflictException"] == THREADS - 1
    now = find(SCOPE, "fn").version.code_sha256
    assert now in results
    assert code.task_folder(now).is_dir()
    assert {item.sha256 for item in packages} & packages_on_disk(home) == {now}


def test_of_many_who_hold_one_revision_one_changes_the_alias(make: Make) -> None:
    make(publish=True)
    revision = aliases.create_alias(SCOPE, "fn", "live", "1").revision_id
    results = at_once(
        lambda number: (
            aliases.update_alias(SCOPE, "fn", "live", description=str(number), revision_id=revision).description
        )
    )
    assert Counter(results)["PreconditionFailedException"] == THREADS - 1
    assert Alias.objects.get().description in results


def test_of_many_who_create_one_alias_one_wins(make: Make) -> None:
    make()
    results = at_once(lambda _: aliases.create_alias(SCOPE, "fn", "live", "$LATEST").name)
    assert Counter(results) == {"live": 1, "ResourceConflictException": THREADS - 1}


def test_many_publish_at_once_and_get_one_version(make: Make) -> None:
    make()
    results = at_once(lambda _: versions.publish_version(SCOPE, "fn").version)
    assert results == ["1"] * THREADS
    assert FunctionVersion.objects.count() == 2


def test_reservations_made_at_once_never_take_what_must_stay(make: Make) -> None:
    for number in range(THREADS):
        make(f"fn-{number}")
    results = at_once(lambda number: concurrency.put_concurrency(SCOPE, f"fn-{number}", 200))
    assert Counter(results) == {200: 4, "InvalidParameterValueException": THREADS - 4}


def test_many_readers_complete_a_creation_once(home: Home) -> None:
    create_function(SCOPE, draft())
    let_settle()
    assert len(set(at_once(lambda _: find(SCOPE, "fn").version.revision_id))) == 1


def test_a_version_and_an_alias_for_it_made_and_deleted_at_once_agree(make: Make) -> None:
    make(publish=True)

    def action(number: int) -> str:
        if number % 2:
            functions.delete_function(SCOPE, "fn", "1")
            return "deleted"
        return aliases.create_alias(SCOPE, "fn", f"a{number}", "1").name

    results = at_once(action)
    gone = not FunctionVersion.objects.filter(version="1").exists()
    assert gone == (Alias.objects.count() == 0)
    assert ("deleted" in results) == gone
