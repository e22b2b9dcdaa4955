"""The JSON of a page, at the same address with ?format=json."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from invocations.models import Alias, Attempt, Function, FunctionVersion, Invocation


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def invocation_line(row: Invocation) -> dict[str, Any]:
    """One row of the list."""
    return {
        "request_id": row.request_id,
        "account": row.account,
        "region": row.region,
        "function": row.function,
        "qualifier": row.qualifier or None,
        "executed_version": row.executed_version,
        "type": row.invocation_type,
        "state": row.state,
        "condition": row.condition,
        "error_type": row.error_type or None,
        "accepted_at": _time(row.accepted_at),
        "ended_at": _time(row.ended_at),
    }


def invocation_document(row: Invocation, attempts: Sequence[Attempt], sentences: Sequence[str]) -> dict[str, Any]:
    """Everything about one invocation but its payload bytes."""
    return {
        **invocation_line(row),
        "error_message": row.error_message or None,
        "door": row.door,
        "caller": row.caller,
        "trace_id": row.trace_id or None,
        "attempts": [
            {**attempt_document(attempt), "sentence": text} for attempt, text in zip(attempts, sentences, strict=True)
        ],
    }


def function_document(
    function: Function, versions: Sequence[FunctionVersion], aliases: Sequence[Alias]
) -> dict[str, Any]:
    """A function with its versions and aliases."""
    return {
        "name": function.name,
        "arn": function.arn(),
        "network": function.network or None,
        "tags": function.tags,
        "reserved_concurrency": function.reserved_concurrency,
        "versions": [version_document(version) for version in versions],
        "aliases": [
            {"name": alias.name, "version": alias.version, "weights": alias.weights, "description": alias.description}
            for alias in aliases
        ],
    }


def version_document(version: FunctionVersion) -> dict[str, Any]:
    """Without the environment variables' values: a page that is left open should not give them away."""
    return {
        "version": version.version,
        "state": version.state,
        "update_status": version.update_status,
        "runtime": version.runtime,
        "handler": version.handler,
        "timeout_seconds": version.timeout_seconds,
        "memory_mb": version.memory_mb,
        "tmp_mb": version.tmp_mb,
        "variables": sorted(version.variables or {}),
        "description": version.description,
        "layers": [layer["arn"] for layer in version.layers],
        "log_group": version.log_group,
        "log_format": version.log_format,
        "code_sha256": version.code_sha256,
        "code_size": version.code_size,
        "last_modified": _time(version.last_modified),
    }


def attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt_no": attempt.attempt_no,
        "outcome": attempt.outcome,
        "started_at": _time(attempt.started_at),
        "ended_at": _time(attempt.ended_at),
        "environment_id": attempt.environment_id,
        "log_stream": attempt.log_stream,
        "cold": attempt.cold,
        "init_ms": None if attempt.init_us is None else attempt.init_us / 1000,
        "duration_ms": attempt.duration_us / 1000,
        "billed_ms": attempt.billed_ms,
        "memory_mb": attempt.memory_mb,
        "max_memory_mb": attempt.max_memory_mb,
    }
