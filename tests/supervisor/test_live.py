"""The running house, as it presents itself."""

from __future__ import annotations

import json
import time

import psutil

from tests.house import House

PARTS = {"web", "database", "host", "worker", "poller", "control", "beat", "messages", "broker", "companion"}


def test_every_part_is_up_and_says_so(live: House) -> None:
    health = live.wait_for("ok")
    assert set(health["parts"]) == PARTS
    assert {one["state"] for one in health["parts"].values()} == {"ok"}


def test_it_prints_the_address_the_login_and_what_to_export(live: House) -> None:
    deadline = time.monotonic() + 10
    while "Ctrl-C" not in live.printed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert f"Console: {live.url}/admin/   user admin, password {live.admin_password}" in live.printed
    assert f"export AWS_ENDPOINT_URL={live.url}" in live.printed
    assert "export AWS_ACCESS_KEY_ID=test" in live.printed


def test_the_default_access_key_is_known_and_the_examples_are_there(live: House) -> None:
    assert live.client("sts").get_caller_identity()["Account"] == "000000000000"
    names = {function["FunctionName"] for function in live.client("lambda").list_functions()["Functions"]}
    assert {"hello", "add_ten", "set_to_thirty", "flaky", "slow", "batch_summer"} <= names


def test_no_secret_is_on_a_command_line(live: House) -> None:
    # A command line is readable by every user of the machine, and a function's own by the function.
    live.client("lambda").invoke(FunctionName="hello")
    secrets = json.loads((live.home / "secrets.json").read_text()).values()
    lines = [" ".join(one.cmdline()) for one in live.processes() if one.status() != psutil.STATUS_ZOMBIE]
    assert [line for line in lines if any(secret in line for secret in secrets)] == []
