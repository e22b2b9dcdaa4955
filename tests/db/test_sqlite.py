"""The SQLite backend under real files and many processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from invocations.models import Heartbeat
from tests.house import ROOT, House

on_sqlite = pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="about SQLite alone")

PROCESSES = 6
WRITES = 200

STORM = """
import os
import django
django.setup()
from django.core.management import call_command
from django.db import connections, transaction
from invocations import clock
from invocations.models import Heartbeat

def write(me):
    for count in range({writes}):
        if count % 2:
            # Reads before it writes: with a deferred transaction this is what SQLite answers with "locked".
            with transaction.atomic():
                beat = Heartbeat.objects.get(part="shared")
                beat.detail = str(int(beat.detail) + 1)
                beat.save()
        else:
            Heartbeat.objects.beat(f"writer-{{me}}", clock.real(), str(count))

call_command("migrate", verbosity=0)
Heartbeat.objects.beat("shared", clock.real(), "0")
connections.close_all()
children = []
for me in range({processes}):
    pid = os.fork()
    if pid == 0:
        write(me)
        os._exit(0)
    children.append(pid)
failed = [pid for pid in children if os.waitpid(pid, 0)[1] != 0]
print(len(failed), Heartbeat.objects.get(part="shared").detail)
"""


def pragma(name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return cursor.fetchone()[0]


@on_sqlite
@pytest.mark.django_db
def test_a_live_connection_has_the_pragmas_that_durability_rests_on() -> None:
    assert pragma("journal_mode") == "wal"
    assert pragma("synchronous") == 1  # NORMAL: the "process" durability
    assert pragma("foreign_keys") == 1


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_transaction_takes_the_write_lock_when_it_begins() -> None:
    other = connections["default"].copy()
    other.settings_dict = {**other.settings_dict, "OPTIONS": {"timeout": 0, "transaction_mode": None}}
    with transaction.atomic():
        Heartbeat.objects.count()
        with pytest.raises(Exception, match="locked"), other.cursor() as cursor:
            cursor.cursor.connection.execute("BEGIN IMMEDIATE")
    other.close()


@on_sqlite
def test_writers_in_many_processes_never_hear_locked_and_lose_nothing(tmp_path: Path) -> None:
    house = House(tmp_path / "home", 0, {"DJANGO_SETTINGS_MODULE": "lambdaplay.settings"})
    storm = subprocess.run(
        [sys.executable, "-c", STORM.format(writes=WRITES, processes=PROCESSES)],
        cwd=ROOT,
        env=house.full_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert storm.stderr == ""
    assert storm.stdout == f"0 {PROCESSES * WRITES // 2}\n"
