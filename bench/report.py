"""The table for people, the file for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.goals import Result

_WIDTH = 64


def head() -> str:
    return f"{'figure':<{_WIDTH}} {'value':>9} {'goal':>8} {'stretch':>8}  verdict"


def line(result: Result) -> str:
    """One figure; a second line says what it was made from, or why it is absent."""
    figure = result.figure
    value = "-" if result.value is None else _number(result.value, figure.unit)
    limits = (_number(limit, figure.unit) for limit in (figure.goal, figure.stretch))
    text = f"{figure.title:<{_WIDTH}} {value:>9} {' '.join(f'{limit:>8}' for limit in limits)}  {result.verdict}"
    sides = ", ".join(f"{name} {amount:.4g}" for name, amount in result.sides.items())
    detail = "; ".join(part for part in (sides, result.note) if part)
    return f"{text}\n    {detail}" if detail else text


def _number(value: float, unit: str) -> str:
    return f"{value:.3g}x" if unit == "x" else f"{value:.3g} {unit}"


def document(results: Sequence[Result], rounds: int, seconds: float) -> dict[str, Any]:
    return {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "memory_mb": psutil.virtual_memory().total // 2**20,
            "load": os.getloadavg(),
        },
        "rounds": rounds,
        "seconds_per_side": seconds,
        "figures": [result.to_json() for result in results],
    }


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
