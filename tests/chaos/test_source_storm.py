"""A small storm over queues and a stream."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house import ROOT

pytestmark = pytest.mark.storm

HARMLESS = {"unprocessed", "out of order", "left behind", "unrecorded", "recorded twice", "wrongly recorded"}


def test_every_message_and_record_is_processed_and_recorded_in_order() -> None:
    command = [sys.executable, "manage.py", "chaos", "--messages", "300", "--records", "300", "--kills", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [(line[:20].strip(), line[20:27].strip()) for line in done.stdout.splitlines()]
    counts = {name: int(count) for name, count in rows if count.isdigit()}
    assert {name: counts[name] for name in HARMLESS} == dict.fromkeys(HARMLESS, 0)
    assert (counts["messages"], counts["records"], counts["kill -9"]) == (300, 300, 4)
    assert counts["batches"] >= 30 + 3, "at most ten messages, or a hundred records, are a batch"
