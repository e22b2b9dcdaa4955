"""The house on PostgreSQL, for teams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

from tests.house import House, free_port

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("up")]

NAME = "lambdaplay_house_test"


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database, dropped at the end."""
    server = settings.DATABASES["default"]
    url = f"postgresql://{server['USER']}@{server['HOST']}:{server['PORT']}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {NAME}")
        yield f"{url}/{NAME}"
        admin.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def test_a_function_runs_and_its_record_is_in_postgresql(
    database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert urlsplit(database).scheme == "postgresql"
    house = House(
        tmp_path_factory.mktemp("pg") / "home", free_port(), {"DATABASE_URL": database, "LAMBDAPLAY_COMPANION": "none"}
    )
    house.start()
    try:
        answer = house.client("lambda").invoke(FunctionName="hello", Payload=json.dumps({"name": "Ada"}))
        assert json.loads(answer["Payload"].read())["greeting"] == "Hello, Ada!"
        with psycopg.connect(database) as connection:
            row = connection.execute("SELECT function, state FROM invocations_invocation").fetchall()
        assert row == [("hello", "SUCCEEDED")]
        assert not (house.home / "db.sqlite3").exists()
    finally:
        assert house.stop() == []
