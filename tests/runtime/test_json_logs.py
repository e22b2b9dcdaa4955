"""The JSON log format inside the sandbox: whose lines are whose, and which levels are written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.runtime import runtimes
from invocations.values import Execution, Outcome
from tests.runtime.conftest import best
from tests.runtime.hosts import Host

LOGS = """
import logging, os
log = logging.getLogger()
def handler(event, context):
    for level in ("debug", "info", "warning", "error"):
        getattr(log, level)(level + " said")
    if event:
        raise ValueError("boom")
    return [os.environ.get("AWS_LAMBDA_LOG_FORMAT"), os.environ.get("AWS_LAMBDA_LOG_LEVEL")]
"""


def as_json(application: str = "INFO", system: str = "INFO") -> dict[str, Any]:
    return {"log_format": "JSON", "application_log_level": application, "system_log_level": system}


def lines(execution: Execution) -> list[Any]:
    return [json.loads(line) for line in execution.log.decode().splitlines() if line]


def said(execution: Execution) -> list[str]:
    return [line["message"] for line in lines(execution) if "message" in line]


@best
@pytest.mark.parametrize(
    ("level", "expected"),
    [("TRACE", ["debug", "info", "warning", "error"]), ("INFO", ["info", "warning", "error"]), ("ERROR", ["error"])],
)
def test_python_writes_objects_from_its_level_on(host: Host, level: str, expected: list[str]) -> None:
    execution = host.run(host.function(LOGS, **as_json(level)))
    assert json.loads(execution.payload) == ["JSON", level]
    assert said(execution) == [f"{word} said" for word in expected]
    platform = [line["type"] for line in lines(execution) if "type" in line]
    assert platform == ["platform.initStart", "platform.start", "platform.report"]
    report = lines(execution)[-1]
    assert report["record"]["metrics"]["memorySizeMB"] == 128
    assert report["record"]["metrics"]["initDurationMs"] > 0
    application = next(line for line in lines(execution) if "message" in line)
    assert application["requestId"] == report["record"]["requestId"]


@best
def test_the_systems_lines_have_a_level_of_their_own(host: Host) -> None:
    spec = host.function(LOGS, **as_json("FATAL", "WARN"))
    assert lines(host.run(spec)) == []
    failed = host.run(spec, 1)
    assert failed.outcome == Outcome.FUNCTION_ERROR
    types = [line["type"] for line in lines(failed) if "type" in line]
    assert types == ["platform.runtimeDone", "platform.report"]


@best
def test_text_stays_text_without_those_variables(host: Host) -> None:
    execution = host.run(host.function(LOGS))
    assert json.loads(execution.payload) == [None, None]
    assert execution.log.startswith(b"INIT_START ")
    assert b"[WARNING]\t" in execution.log


@best
@pytest.mark.skipif(runtimes.unrunnable("nodejs22.x") is not None, reason="no Node.js on this machine")
def test_node_writes_objects_from_its_level_on(host: Host) -> None:
    source = 'exports.handler = async () => { console.debug("a"); console.log("b"); console.error("c"); };\n'
    spec = host.function({"app.js": source}, runtime="nodejs22.x", **as_json("INFO"))
    assert said(host.run(spec)) == ["b", "c"]
