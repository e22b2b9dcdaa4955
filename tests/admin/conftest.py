"""A superuser's browser without a browser, functions and history made quickly, a state folder of the test's own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from invocations import clock
from invocations.flows.functions import FunctionDraft, create_function
from invocations.models import Attempt, Function, FunctionVersion, Invocation, Payload
from invocations.runtime import code
from invocations.values import Outcome, Scope
from lambdaplay.home import Home

SCOPE = Scope("000000000000", "us-east-1")
ROLE = "arn:aws:iam::000000000000:role/any"
SOURCE = "def handler(event, context):\n    return event\n"


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Home:
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    return Home(tmp_path / "home")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def console(admin: User, home: Home) -> Client:
    client = Client()
    client.force_login(admin)
    return client


MakeFunction = Callable[..., Function]


@pytest.fixture
def make_function(db: None, home: Home) -> MakeFunction:
    def make(name: str = "hello", *, region: str = SCOPE.region, source: str = SOURCE, **more: Any) -> Function:
        package = code.store(more.pop("package", None) or code.from_source("app.py", source))
        values = {"runtime": "python3.12", "handler": "app.handler", "role": ROLE, **more}
        made = create_function(Scope(SCOPE.account, region), FunctionDraft(name=name, code=package, **values))
        let_settle(made.function)
        return made.function

    return make


def let_settle(function: Function) -> None:
    """Its last creation or update was long ago."""
    FunctionVersion.objects.filter(function=function).update(state_since=F("state_since") - timedelta(hours=1))


def record(
    function: str = "hello",
    *,
    outcome: Outcome = Outcome.SUCCESS,
    at: datetime | None = None,
    duration_us: int = 12_000,
    init_us: int | None = None,
    request: bytes = b'{"name": "Ada"}',
    response: bytes = b'{"ok": true}',
    log: bytes = b"START\nEND\n",
    **more: Any,
) -> Invocation:
    """Write one finished synchronous invocation, as the flow does."""
    accepted = at or clock.now()
    ended = accepted + timedelta(microseconds=duration_us + (init_us or 0) + 1000)
    failed = outcome != Outcome.SUCCESS
    values = {
        "account": SCOPE.account,
        "region": SCOPE.region,
        "executed_version": "$LATEST",
        "error_type": "ValueError" if failed else "",
        "error_message": "boom" if failed else "",
        "door": "api",
        "caller": "test",
        "trace_id": "1-67419000-0123456789abcdef01234567",
        **more,
    }
    row = Invocation.objects.create(
        request_id=str(uuid.uuid4()),
        function=function,
        invocation_type=Invocation.Type.SYNC,
        state=Invocation.State.FAILED if failed else Invocation.State.SUCCEEDED,
        condition=outcome.value,
        accepted_at=accepted,
        ended_at=ended,
        **values,
    )
    Attempt.objects.create(
        invocation=row,
        outcome=outcome.value,
        started_at=accepted,
        ended_at=ended - timedelta(microseconds=500),
        environment_id="0123456789abcdef0123456789abcdef",
        log_stream="2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
        cold=init_us is not None,
        init_us=init_us,
        duration_us=duration_us,
        billed_ms=duration_us // 1000 + 1,
        memory_mb=128,
        max_memory_mb=40,
    )
    Payload.objects.create(invocation=row, request=request, response=response, log=log)
    return row
