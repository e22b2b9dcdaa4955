"""The bank examples: adding ten dollars twice is not what setting thirty twice is."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from tests.house import House


def proof(live: House, name: str, event: dict[str, Any], folder: Path) -> tuple[int, dict[str, Any]]:
    file = folder / "event.json"
    file.write_text(json.dumps(event))
    done = live.manage("prove_idempotent", name, "--event", str(file), "--json")
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_adding_ten_changes_the_table_again(live: House, tmp_path: Path) -> None:
    account = f"add-{uuid.uuid4()}"
    code, told = proof(live, "add_ten", {"account": account}, tmp_path)
    assert (code, told["idempotent"]) == (1, False)
    assert f"table bank, account {account}" in told["sentence"]
    changed = [json.loads(one["after"])["balance"] for run in told["runs"] for one in run["changes"]]
    assert changed == ["10", "20"]
    assert told["runs"][1]["changes"][0]["before"] == told["runs"][0]["changes"][0]["after"]


def test_setting_thirty_changes_it_once(live: House, tmp_path: Path) -> None:
    account = f"set-{uuid.uuid4()}"
    code, told = proof(live, "set_to_thirty", {"account": account}, tmp_path)
    assert (code, told["idempotent"], told["same_result"]) == (0, True, True)
    assert [len(run["changes"]) for run in told["runs"]] == [1, 0]
    assert "table bank" in told["looked_at"]


def test_a_function_that_fails_proves_nothing(live: House) -> None:
    done = live.manage("prove_idempotent", "add_ten", "--payload", "{}")
    assert done.returncode == 1
    assert "Both runs failed (KeyError: 'account'), so nothing is proved" in done.stdout


def test_bad_input_is_a_sentence(live: House) -> None:
    for arguments, says in (
        (("nope",), "Function not found"),
        (("add_ten", "--payload", "{"), "Could not parse request body into json"),
        (("add_ten", "--event", "/nowhere/event.json"), "cannot be read"),
        (("add_ten", "--invocation", "nope"), "There is no invocation nope"),
    ):
        done = live.manage("prove_idempotent", *arguments)
        assert done.returncode == 2, done.stdout
        assert says in done.stderr
