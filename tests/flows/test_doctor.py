"""What the doctor finds, and what it says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invocations.flows.doctor import Finding, is_usable
from tests.house import House

PARTS = {
    "python",
    "database",
    "environment host",
    "sandbox",
    "runtime python",
    "runtime nodejs",
    "runtime provided",
    "broker",
    "companion",
    "kafka client",
    "chromium",
}


def findings(house: House) -> dict[str, Finding]:
    told = house.manage("doctor", "--json")
    assert told.stderr == ""
    return {one["part"]: Finding(**one) for one in json.loads(told.stdout)}


def test_in_a_running_house_every_part_is_found(live: House) -> None:
    found = findings(live)
    assert set(found) == PARTS
    for name in ("python", "database", "environment host", "runtime python", "broker", "companion"):
        assert found[name].state == "ok", found[name]


def test_without_one_it_says_what_is_missing_and_what_that_costs(tmp_path: Path) -> None:
    house = House(tmp_path / "home", 0, {"LAMBDAPLAY_COMPANION": "none"})
    found = findings(house)
    assert set(found) == PARTS
    assert found["environment host"].state == "missing"
    assert found["companion"] == Finding(
        "companion",
        "missing",
        "switched off (LAMBDAPLAY_COMPANION=none)",
        "S3, DynamoDB, IAM and the other services that are not embedded are refused.",
    )
    # Tried out on the spot, since no host can be asked.
    assert found["sandbox"].found.startswith(("L2:", "L1:", "L0:", "No sandbox"))


def test_what_cannot_work_ends_with_one_and_a_readable_reason(tmp_path: Path) -> None:
    house = House(tmp_path / "home", 0, {"LAMBDAPLAY_SANDBOX": "L3"})
    told = house.manage("doctor")
    assert told.returncode == 1
    line = next(line for line in told.stdout.splitlines() if "sandbox" in line)
    assert line.startswith("!!  sandbox")
    assert "LAMBDAPLAY_SANDBOX=L3" in told.stdout
    assert "Functions are refused." in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 110


@pytest.mark.parametrize(("states", "usable"), [(["ok", "missing"], True), (["ok", "broken"], False)])
def test_only_what_is_broken_stops_the_house(states: list[str], usable: bool) -> None:
    assert is_usable([Finding(str(number), state, "") for number, state in enumerate(states)]) is usable
