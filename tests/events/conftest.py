"""Events accepted and run with a real environment host and no broker: workers are called by their one-shot verbs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from invocations.flows.accept import accept
from invocations.flows.functions import FunctionDraft, create_function
from invocations.models import FunctionVersion, Invocation
from invocations.runtime import code
from invocations.values import Caller, InvokeRequest, Scope
from tests.runtime import hosts

SCOPE = Scope("000000000000", "us-east-1")
CALLER = Caller(SCOPE, "command", "test", "arn:aws:iam::000000000000:root")
ROLE = "arn:aws:iam::000000000000:role/any"

# What it does is in the event.
SOURCE = """
import os, time
def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if event.get("fail"):
        raise ValueError("boom")
    return {"id": context.aws_request_id, "arn": context.invoked_function_arn}
"""

Send = Callable[..., Invocation]


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[hosts.Host]:
    with hosts.host("auto", tmp_path_factory.mktemp("host") / "log") as running:
        yield running


@pytest.fixture
def function(host: hosts.Host, transactional_db: None) -> FunctionVersion:
    version = create_function(
        SCOPE,
        FunctionDraft(
            name="fn",
            runtime="python3.11",
            handler="app.handler",
            role=ROLE,
            code=code.store(code.from_source("app.py", SOURCE)),
            timeout_seconds=10,
        ),
    )
    FunctionVersion.objects.update(state_since=F("state_since") - timedelta(hours=1))  # creation is long done
    return version


@pytest.fixture
def send(function: FunctionVersion) -> Send:
    """Accept an event and return its row."""

    def send_one(payload: dict[str, Any] | None = None, name: str = "fn", **more: Any) -> Invocation:
        body = json.dumps(payload or {}).encode()
        result = accept(InvokeRequest(CALLER, name, body, invocation_type="Event", **more))
        assert (result.status_code, result.payload) == (202, b"")
        return Invocation.objects.get(request_id=result.request_id)

    return send_one
