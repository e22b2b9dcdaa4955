"""The platform's own lines in the JSON log format: one object a line, by AWS's Telemetry API schema.

Which line has which level: AWS's page on log levels, "System log level event mapping".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from invocations.runtime import report
from invocations.values import Outcome

_LEVELS = ("DEBUG", "INFO", "WARN")
_STATUS = {Outcome.SUCCESS: "success", Outcome.FUNCTION_ERROR: "error", Outcome.INIT_ERROR: "error"}


class JsonLines:
    """Has what report.py has for text; a line below the function's SystemLogLevel is empty."""

    def __init__(self, level: str, now: Callable[[], datetime], initialization: str = "on-demand") -> None:
        self._lowest = _LEVELS.index(level)
        self._now = now
        self._initialization = initialization

    def init_start(self, runtime: str) -> bytes:
        record = {"initializationType": self._initialization, "phase": "init", "runtimeVersion": runtime}
        return self._line("INFO", "platform.initStart", record)

    def init_report(self, seconds: float, phase: str, status: str, error_type: str = "") -> bytes:
        record = {
            "initializationType": self._initialization,
            "phase": phase,
            "status": status,
            **({"errorType": error_type} if error_type else {}),
            "metrics": {"durationMs": _ms(seconds)},
        }
        return self._line("INFO" if status == "success" else "WARN", "platform.initReport", record)

    def extension(self, name: str, state: str, events: Sequence[str], error_type: str = "") -> bytes:
        record = {"name": name, "state": state, "events": list(events)}
        return self._line("INFO", "platform.extension", {**record, **({"errorType": error_type} if error_type else {})})

    def start(self, request_id: str, version: str) -> bytes:
        return self._line("INFO", "platform.start", {"requestId": request_id, "version": version})

    def timed_out(self, request_id: str, moment: datetime, timeout_seconds: int) -> bytes:
        return b""  # the report says it

    def runaway(self) -> bytes:
        return self.remark(report.runaway())

    def remark(self, text: bytes) -> bytes:
        """A sentence of lambdaplay's own."""
        said = {"timestamp": report.timestamp(self._now()), "level": "WARN", "message": text.decode().strip()}
        return json.dumps(said, ensure_ascii=False).encode() + b"\n"

    def end_and_report(
        self,
        request_id: str,
        *,
        duration: float,
        init: float | None,
        memory_mb: int,
        max_memory_mb: int,
        outcome: Outcome,
        error_type: str,
    ) -> bytes:
        status = _status(outcome)
        ending: dict[str, Any] = {"requestId": request_id, "status": status}
        if status in ("error", "failure") and error_type:
            ending["errorType"] = error_type
        metrics: dict[str, float] = {
            "durationMs": _ms(duration),
            "billedDurationMs": report.billed_ms(duration, init),
            "memorySizeMB": memory_mb,
            "maxMemoryUsedMB": max_memory_mb,
            **({} if init is None else {"initDurationMs": _ms(init)}),
        }
        good = status == "success"
        done = self._line(
            "DEBUG" if good else "WARN", "platform.runtimeDone", {**ending, "metrics": {"durationMs": _ms(duration)}}
        )
        return done + self._line("INFO" if good else "WARN", "platform.report", {**ending, "metrics": metrics})

    def _line(self, level: str, kind: str, record: Mapping[str, Any]) -> bytes:
        if _LEVELS.index(level) < self._lowest:
            return b""
        whole = {"time": report.timestamp(self._now()), "type": kind, "record": record}
        return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _status(outcome: Outcome) -> str:
    if outcome == Outcome.TIMEOUT:
        return "timeout"
    return _STATUS.get(outcome, "failure")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
