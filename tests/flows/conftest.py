"""Functions made quickly, in a state folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from invocations import limits
from invocations.errors import Refusal
from invocations.flows.functions import FunctionDraft, create_function
from invocations.models import FunctionVersion
from invocations.runtime import code
from invocations.values import Scope
from lambdaplay.home import Home

SCOPE = Scope("000000000000", "us-east-1")
ELSEWHERE = Scope("000000000000", "eu-west-1")
OTHER = Scope("111122223333", "us-east-1")
ROLE = "arn:aws:iam::000000000000:role/any"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"

Make = Callable[..., FunctionVersion]


@pytest.fixture
def home(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Home:
    # Long enough that no slow machine completes a creation or update between two lines of a test; see `let_settle`.
    monkeypatch.setattr(limits, "SETTLE_SECONDS", 600.0)
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    return Home(tmp_path / "home")


def package(text: str = "def handler(event, context): return event\n") -> code.CodePackage:
    return code.store(code.from_source("app.py", text))


def draft(name: str = "fn", **more: Any) -> FunctionDraft:
    settings = {"runtime": "python3.12", "handler": "app.handler", "role": ROLE, **more}
    return FunctionDraft(name=name, **{"code": settings.pop("code", None) or package(), **settings})


def let_settle() -> None:
    """Make every creation and update due, as if its short while had passed."""
    FunctionVersion.objects.update(state_since=F("state_since") - timedelta(hours=1))


@pytest.fixture
def make(home: Home) -> Make:
    """Create a function that is Active."""

    def make_one(name: str = "fn", **more: Any) -> FunctionVersion:
        version = create_function(SCOPE, draft(name, **more))
        let_settle()
        version.refresh_from_db()
        return version

    return make_one


def packages_on_disk(home: Home) -> set[str]:
    return {path.name for path in home.code.iterdir() if not path.name.startswith(".lock")}


def refused(kind: type[Refusal], action: Callable[[], object]) -> str:
    """Return the text of the refusal, which must be of this very kind."""
    with pytest.raises(kind) as caught:
        action()
    assert type(caught.value) is kind
    return caught.value.message
