"""Product time. Everything that waits, expires or is dated asks here, so that time can be steered in one place."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """Return product time, aware, UTC."""
    return datetime.now(UTC)


def real() -> datetime:
    """Return real time, aware, UTC: for what no steering moves (resource states, signatures, leases, file ages)."""
    return datetime.now(UTC)
