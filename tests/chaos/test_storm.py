from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house import ROOT


@pytest.mark.storm
def test_a_small_storm_loses_nothing() -> None:
    command = [sys.executable, "manage.py", "chaos", "--events", "120", "--kills", "6"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [(line[:20].strip(), line[20:27].strip()) for line in done.stdout.splitlines()]
    counts = {name: count for name, count in rows if count.isdigit()}
    assert {counts[name] for name in ("lost", "stuck", "wrongly recorded", "undelivered")} == {"0"}
    assert int(counts["accepted"]) > 60
    assert counts["kill -9"] == "6"
