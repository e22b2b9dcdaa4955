"""A small storm on each combination of database and broker. What is not on this machine is skipped with its reason."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from invocations.errors import UnusablePart
from invocations.neighbours import ask_broker, broker_binary
from tests.conftest import require
from tests.house import ROOT, free_port

pytestmark = pytest.mark.storm

POSTGRES = os.environ.get("LAMBDAPLAY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
NAME = f"lambdaplay_storm_{os.getpid()}"


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    server = _postgres()
    require(server is not None, f"PostgreSQL at {POSTGRES}")
    assert server is not None
    with server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
        try:
            yield urlsplit(POSTGRES)._replace(path=f"/{NAME}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME)))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The URL of a server of the test's own."""
    binary = broker_binary()
    require(binary is not None, "a valkey or redis server")
    port = free_port()
    command = [str(binary), "--port", str(port), "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield _answering(f"redis://127.0.0.1:{port}/0")
        finally:
            process.kill()


@pytest.fixture
def rabbit() -> Iterator[str]:
    """The URL of a virtual host of the test's own."""
    control = shutil.which("rabbitmqctl")
    require(control is not None and _rabbit(control, "status"), "RabbitMQ with rabbitmqctl")
    assert control is not None
    assert _rabbit(control, "add_vhost", NAME)
    try:
        assert _rabbit(control, "set_permissions", "-p", NAME, "guest", ".*", ".*", ".*")
        yield _answering(f"amqp://guest:guest@127.0.0.1:5672/{NAME}")
    finally:
        _rabbit(control, "delete_vhost", NAME)


def test_on_sqlite_with_the_embedded_broker_nothing_is_lost() -> None:
    storm()


def test_on_postgresql_with_redis_nothing_is_lost(database: str, redis: str) -> None:
    storm("--database", database, "--broker", redis)


def test_on_postgresql_with_rabbitmq_nothing_is_lost(database: str, rabbit: str) -> None:
    storm("--database", database, "--broker", rabbit)


def storm(*options: str) -> None:
    command = [sys.executable, "manage.py", "chaos", "--events", "120", "--kills", "6", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [(line[:20].strip(), line[20:27].strip()) for line in done.stdout.splitlines()]
    counts = {name: count for name, count in rows if count.isdigit()}
    assert {counts[name] for name in ("lost", "stuck", "wrongly recorded", "undelivered")} == {"0"}
    assert int(counts["accepted"]) > 60
    assert counts["kill -9"] == "6"


def _postgres() -> psycopg.Connection | None:
    with contextlib.suppress(psycopg.Error):
        return psycopg.connect(POSTGRES, connect_timeout=3, autocommit=True)
    return None


def _rabbit(control: str, *arguments: str) -> bool:
    return subprocess.run([control, "-q", *arguments], capture_output=True, timeout=60).returncode == 0


def _answering(url: str) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            ask_broker(url)
        except UnusablePart:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return url
