"""The platform's lines as JSON, and which of them a level lets through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations.runtime.report_json import JsonLines
from invocations.values import Outcome

NOW = datetime(2026, 1, 31, 12, 34, 56, 789_000, UTC)
TIME = "2026-01-31T12:34:56.789Z"
ENDING: dict[str, Any] = {"duration": 0.00301, "init": None, "memory_mb": 128, "max_memory_mb": 36, "error_type": ""}


def lines(level: str) -> JsonLines:
    return JsonLines(level, lambda: NOW)


def read(text: bytes) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def kinds(level: str, outcome: Outcome) -> list[str]:
    said = lines(level)
    text = said.init_start("python:3.12") + said.start("id", "1")
    return [one["type"] for one in read(text + said.end_and_report("id", outcome=outcome, **ENDING))]


def test_each_line_is_an_object_of_awss_schema() -> None:
    said = lines("DEBUG")
    assert read(said.start("id", "$LATEST")) == [
        {"time": TIME, "type": "platform.start", "record": {"requestId": "id", "version": "$LATEST"}}
    ]
    done, report = read(said.end_and_report("id", outcome=Outcome.SUCCESS, **{**ENDING, "init": 0.1101}))
    assert done["type"] == "platform.runtimeDone"
    assert done["record"] == {"requestId": "id", "status": "success", "metrics": {"durationMs": 3.01}}
    assert report == {
        "time": TIME,
        "type": "platform.report",
        "record": {
            "requestId": "id",
            "status": "success",
            "metrics": {
                "durationMs": 3.01,
                "billedDurationMs": 115,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 36,
                "initDurationMs": 110.1,
            },
        },
    }
    [extension] = read(said.extension("watch", "Ready", ["INVOKE"]) + lines("WARN").extension("watch", "Ready", []))
    assert extension["type"] == "platform.extension"
    assert extension["record"] == {"name": "watch", "state": "Ready", "events": ["INVOKE"]}
    [failed] = read(said.init_report(10.0051, "init", "timeout"))
    assert failed["record"]["metrics"] == {"durationMs": 10005.1}
    assert (failed["record"]["phase"], failed["record"]["status"]) == ("init", "timeout")


@pytest.mark.parametrize(
    ("level", "outcome", "expected"),
    [
        ("DEBUG", Outcome.SUCCESS, ["initStart", "start", "runtimeDone", "report"]),
        ("INFO", Outcome.SUCCESS, ["initStart", "start", "report"]),
        ("INFO", Outcome.FUNCTION_ERROR, ["initStart", "start", "runtimeDone", "report"]),
        ("WARN", Outcome.SUCCESS, []),
        ("WARN", Outcome.TIMEOUT, ["runtimeDone", "report"]),
    ],
)
def test_a_level_lets_through_what_aws_lets_through(level: str, outcome: Outcome, expected: list[str]) -> None:
    assert kinds(level, outcome) == [f"platform.{kind}" for kind in expected]


@pytest.mark.parametrize(
    ("outcome", "status", "named"),
    [
        (Outcome.FUNCTION_ERROR, "error", True),
        (Outcome.TIMEOUT, "timeout", False),
        (Outcome.OUT_OF_MEMORY, "failure", True),
        (Outcome.EXITED, "failure", True),
    ],
)
def test_how_it_ended(outcome: Outcome, status: str, named: bool) -> None:
    report = read(lines("INFO").end_and_report("id", outcome=outcome, **{**ENDING, "error_type": "X"}))[-1]["record"]
    assert report["status"] == status
    assert ("errorType" in report) == named


def test_a_remark_of_our_own_is_an_object_too() -> None:
    assert read(lines("WARN").remark(b"\nlambdaplay: so.\n")) == [
        {"timestamp": TIME, "level": "WARN", "message": "lambdaplay: so."}
    ]
