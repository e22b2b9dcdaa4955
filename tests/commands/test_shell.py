"""The commands as a person runs them: processes of their own, against the running house."""

from __future__ import annotations

import json
from pathlib import Path

from tests.house import House

CODE = """
import os

def handler(event, context):
    print("hello from the log")
    if event == "fail":
        raise ValueError("asked to fail")
    return {"event": event, "stage": os.environ.get("STAGE")}
"""


def test_a_folder_is_created_and_invoked_from_a_shell(live: House, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CODE)
    made = live.manage("create_function", "shell", "--code", str(tmp_path), "--variable", "STAGE=test")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout == "arn:aws:lambda:us-east-1:000000000000:function:shell\n"

    ran = live.manage("invoke", "shell", "--payload-file", "-", "--log", input='{"n": 1}')
    assert ran.returncode == 0
    assert json.loads(ran.stdout) == {"event": {"n": 1}, "stage": "test"}
    assert "hello from the log" in ran.stderr
    assert "REPORT RequestId:" in ran.stderr

    failed = live.manage("invoke", "shell", "--payload", '"fail"')
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["errorMessage"] == "asked to fail"
    assert failed.stderr == ""

    refused = live.manage("invoke", "nope")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Refused: Function not found")


def test_a_database_without_tables_is_a_sentence(tmp_path: Path) -> None:
    ran = House(tmp_path / "new", 1).manage("invoke", "hello")
    assert ran.returncode == 2
    assert "manage.py up" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_event_is_sent_and_followed_from_a_shell(live: House, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(CODE)
    assert live.manage("create_function", "shell-event", "--code", str(tmp_path)).returncode == 0
    sent = live.manage("invoke", "shell-event", "--event", "--wait", "--payload", '{"n": 1}')
    assert sent.returncode == 0, sent.stderr
    request_id, result = sent.stdout.splitlines()
    assert json.loads(result) == {"event": {"n": 1}, "stage": None}
    assert "Success after 1 attempt." in sent.stderr

    failing = live.manage("invoke", "shell-event", "--event", "--payload", '"fail"').stdout.strip()
    assert len(failing) == len(request_id)
    for _ in range(100):
        listed = json.loads(live.manage("waiting", "--json").stdout)
        mine = [one for one in listed if one["request_id"] == failing]
        if mine and mine[0]["failures"]:
            break
    assert mine[0]["reason"] == "asked to fail"
    cancelled = live.manage("waiting", "--cancel", failing)
    assert (cancelled.returncode, "was cancelled" in cancelled.stdout) == (0, True)
    assert live.manage("waiting", "--cancel", failing).returncode == 2
    assert live.manage("invoke", "shell-event", "--wait").returncode == 2
