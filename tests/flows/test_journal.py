"""Finished invocations reach their three tables, alone and in company, or nobody is told that they did."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest
from django.db import DatabaseError

from invocations import clock
from invocations.flows import journal
from invocations.models import Attempt, Invocation, Payload

pytestmark = pytest.mark.django_db(transaction=True)


def entry(**changes: Any) -> journal.Entry:
    now = clock.now()
    return journal.Entry(
        invocation={
            "request_id": str(uuid.uuid4()),
            "account": "000000000000",
            "region": "us-east-1",
            "function": "f",
            "qualifier": "",
            "executed_version": "$LATEST",
            "invocation_type": "RequestResponse",
            "state": "SUCCEEDED",
            "condition": "Success",
            "error_type": "",
            "error_message": "",
            "door": "api",
            "caller": "test",
            "trace_id": "",
            "accepted_at": now,
            "ended_at": now,
            **changes,
        },
        attempt={
            "attempt_no": 1,
            "outcome": "Success",
            "started_at": now,
            "ended_at": now,
            "environment_id": "e" * 32,
            "log_stream": "s",
            "cold": True,
            "init_us": None,
            "duration_us": 1,
            "billed_ms": 1,
            "memory_mb": 128,
            "max_memory_mb": 40,
        },
        payload={
            "request": b'{"a": "\xc3\xa9"}',
            "response": b"\x00\xff",
            "response_bytes": None,
            "log": b"START",
            "log_truncated": False,
            "client_context": "",
        },
    )


def test_an_entry_is_there_when_record_returns() -> None:
    made = entry()
    journal.record(made)
    row = Invocation.objects.get(request_id=made.invocation["request_id"])
    assert row.accepted_at == made.invocation["accepted_at"]
    [attempt] = row.attempts.all()
    assert attempt.cold is True
    assert attempt.init_us is None
    assert bytes(row.payload.request) == b'{"a": "\xc3\xa9"}'
    assert bytes(row.payload.response) == b"\x00\xff"


def test_many_callers_at_once_all_find_their_rows() -> None:
    made = [entry() for _ in range(60)]
    threads = [threading.Thread(target=journal.record, args=(each,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Invocation.objects.count() == Attempt.objects.count() == Payload.objects.count() == 60
    assert all(each.written for each in made)


def test_who_shares_a_batch_with_a_bad_entry_is_written_all_the_same() -> None:
    good, bad = entry(), entry(account=None)
    journal._waiting.append(bad)  # another thread's, taken along by whoever writes next
    journal.record(good)
    assert isinstance(bad.error, DatabaseError)
    assert Invocation.objects.filter(request_id=good.invocation["request_id"]).exists()


def test_an_entry_that_cannot_be_written_raises() -> None:
    with pytest.raises(DatabaseError):
        journal.record(entry(account=None))
    assert not Invocation.objects.exists()
