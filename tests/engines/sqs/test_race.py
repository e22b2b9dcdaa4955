"""Two processes empty one queue: each message goes to one of them."""

from __future__ import annotations

import os
import subprocess
import sys

from django.db import connection

from invocations.engines import sqs
from invocations.engines.sqs import sending
from invocations.engines.sqs.content import Outgoing
from invocations.models import Message
from tests.engines.sqs.conftest import MakeQueue
from tests.house import ROOT

MESSAGES = 200
DRAIN = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from invocations.engines import sqs
print("ready", flush=True)
sys.stdin.readline()
while got := sqs.receive(sys.argv[2], 3):
    for one in got:
        print(one.row.content.body)
    assert sqs.delete(sys.argv[2], [one.handle for one in got]) == [None] * len(got)
"""


def test_two_processes_share_a_queue_without_overlap(make_queue: MakeQueue) -> None:
    queue = make_queue()
    sending.send(queue, [Outgoing(str(number)) for number in range(MESSAGES)])
    drainers = [_start(queue.arn) for _ in range(2)]
    for one in drainers:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in drainers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    outputs = [one.communicate(timeout=60)[0].split() for one in drainers]
    assert [one.returncode for one in drainers] == [0, 0]
    got = [line for output in outputs for line in output]
    assert sorted(map(int, got)) == list(range(MESSAGES))
    assert Message.objects.count() == 0
    assert sqs.receive(queue.arn) == []


def _start(arn: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRAIN, str(connection.settings_dict["NAME"]), arn],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lambdaplay.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
