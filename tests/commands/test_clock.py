"""The command, and a second process that follows it."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.core.management import call_command

from invocations import clock
from invocations.management.refusing import Refused
from invocations.models import Delivery
from tests.house import House


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["scale", "60"], "scaled x60"),
        (["scale", "x2.5"], "scaled x2.5"),
        (["freeze"], "frozen"),
        (["advance", "1h30m"], "real, +5400"),
        (["advance", "90"], "real, +90"),
        ([], "real, +0.000 s"),
    ],
)
def test_the_command_says_what_time_it_is_now(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("clock", *words)
    assert expected in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [["advance"], ["scale"], ["scale", "fast"], ["scale", "0"], ["advance", "-5"], ["real", "5"], ["freeze", "1"]],
)
def test_what_it_cannot_do_ends_with_a_sentence_and_code_2(words: list[str]) -> None:
    with pytest.raises(Refused) as caught:
        call_command("clock", *words)
    assert caught.value.returncode == 2
    assert str(caught.value).endswith(".")


@pytest.fixture
def house(tmp_path: Path) -> Any:
    """A state folder of its own: the shared house's clock is not ours to turn."""
    made = House(tmp_path / "home", 1)
    assert made.manage("migrate", "-v", "0").returncode == 0
    return made


WATCH = """
import sys, time
from invocations import clock
print("ready", flush=True)
for line in sys.stdin:
    deadline = time.monotonic() + 1
    while abs(clock.offset().total_seconds() - float(line)) > 5 and time.monotonic() < deadline:
        pass
    print(round(clock.offset().total_seconds()), flush=True)
"""


def test_a_running_process_follows_the_command_within_a_second(house: House) -> None:
    import subprocess
    import sys

    from tests.house import ROOT

    with subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", WATCH],
        cwd=ROOT,
        env=house.full_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin and running.stdout
        assert running.stdout.readline() == "ready\n"
        answers: list[int] = []
        for _ in range(2):
            assert house.manage("clock", "advance", "1h").returncode == 0
            running.stdin.write(f"{3600 * (len(answers) + 1)}\n")
            running.stdin.flush()
            answers.append(int(running.stdout.readline()))
        running.stdin.close()
    assert answers == [pytest.approx(3600, abs=1), pytest.approx(7200, abs=1)]


def ask(live: House, body: bytes | None = None) -> dict[str, Any]:
    key = b64encode(b"test:test").decode()
    with urlopen(
        Request(f"{live.url}/_lambdaplay/clock", body, {"Authorization": f"Basic {key}"}), timeout=10
    ) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def test_the_running_house_follows_the_command_within_a_second(live: House) -> None:
    before = ask(live)
    assert live.manage("clock", "advance", "2h").returncode == 0
    asked = time.monotonic()
    after = ask(live)
    assert time.monotonic() - asked < 1
    gone = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert gone.total_seconds() >= 7200
    assert after["offset_seconds"] - before["offset_seconds"] == pytest.approx(7200, abs=1)


def test_the_command_sees_what_the_endpoint_did(live: House) -> None:
    before = ask(live)["offset_seconds"]
    ask(live, b'{"advance_seconds": 600}')
    shown = json.loads(live.manage("clock", "--json").stdout)
    assert shown["offset_seconds"] == pytest.approx(before + 600, abs=1)


@pytest.mark.django_db
def test_next_steps_to_where_the_next_wait_ends() -> None:
    with pytest.raises(Refused, match="Nothing waits on the clock"):
        call_command("clock", "next")
    now = clock.now()
    Delivery.objects.create(
        key="one", kind="on-failure", account="0" * 12, region="us-east-1", destination="arn", created_at=now,
        due_at=now + timedelta(hours=1), give_up_at=now + timedelta(hours=6),
    )  # fmt: skip
    call_command("clock", "next", stdout=StringIO())
    assert now + timedelta(hours=1) <= clock.now() < now + timedelta(hours=1, minutes=5)
