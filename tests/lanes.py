"""`make test-all`: every lane, one pytest run each. The default lane comes last, so that its closing line does too.

LAMBDAPLAY_TEST_POSTGRES names a server where databases may be made (default: postgres@127.0.0.1:5432).
LAMBDAPLAY_REQUIRE_SERVICES=1 turns what would be skipped for want of a service into a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

POSTGRES = os.environ.get("LAMBDAPLAY_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
REQUIRED = os.environ.get("LAMBDAPLAY_REQUIRE_SERVICES") == "1"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PARALLEL = ("-n", "2", "--dist", "loadgroup")
NO_TESTS = 5  # pytest's exit code when none was selected


@dataclass(frozen=True)
class Lane:
    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""  # why it cannot run here


def lanes() -> list[Lane]:
    return [
        Lane(
            "postgres: everything that touches the database, once more on PostgreSQL",
            (*PARALLEL, "-m", "(django_db or postgres) and not browser"),
            {"LAMBDAPLAY_TEST_DATABASE_URL": POSTGRES},
            _postgres_trouble(),
        ),
        Lane(
            "browser: the console in chromium",
            ("-m", "browser"),
            missing="" if any(map(shutil.which, BROWSERS)) else "no chromium on PATH",
        ),
        Lane("storm: random kills while events are sent", ("-m", "storm")),
        Lane("default", PARALLEL),
    ]


def _postgres_trouble() -> str:
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.Error as error:
        return f"no PostgreSQL at {POSTGRES}: {str(error).strip()}"
    return ""


def run(lane: Lane, more: Sequence[str]) -> bool:
    """Run one lane; return whether it is fine. A lane without its service is, unless services are required."""
    print(f"\n--- lane {lane.name}", flush=True)
    if lane.missing:
        print(f"{'FAILED' if REQUIRED else 'skipped'}: {lane.missing}", flush=True)
        return not REQUIRED
    command = [sys.executable, "-m", "pytest", *lane.arguments, *more]
    code = subprocess.run(command, env={**os.environ, **lane.environment}, check=False).returncode
    return code in (0, NO_TESTS)


def main() -> int:
    *others, last = lanes()
    failed = [lane.name for lane in others if not run(lane, sys.argv[1:])]
    for name in failed:
        print(f"\nFAILED lane: {name}", flush=True)
    return 0 if run(last, sys.argv[1:]) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
