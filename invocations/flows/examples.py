"""The examples that a first run puts in place: one folder below `examples/` each, with `app.py` and `example.toml`."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from invocations.errors import ResourceConflict
from invocations.flows.functions import FunctionDraft, create_function
from invocations.models import TestEvent
from invocations.runtime import code
from invocations.values import Scope

ROLE = f"arn:aws:iam::{settings.LAMBDAPLAY_ACCOUNT}:role/example"
NEWEST_PYTHON = 14  # of AWS's runtimes


def seed() -> Iterator[tuple[str, bool]]:
    """Make every example that is not there yet; yield each name, and whether it was made."""
    scope = Scope(settings.LAMBDAPLAY_ACCOUNT, settings.LAMBDAPLAY_REGION)
    for folder in sorted(path.parent for path in (settings.BASE_DIR / "examples").glob("*/example.toml")):
        yield folder.name, _make(scope, folder)


def _make(scope: Scope, folder: Path) -> bool:
    about = tomllib.loads((folder / "example.toml").read_text())
    events = about.pop("events", {})
    draft = FunctionDraft(
        name=folder.name,
        # The interpreter that runs us is there for sure.
        runtime=f"python3.{min(sys.version_info.minor, NEWEST_PYTHON)}",
        handler="app.handler",
        role=ROLE,
        code=code.store(code.from_source("app.py", (folder / "app.py").read_text())),
        **about,
    )
    try:
        version = create_function(scope, draft)
    except ResourceConflict:
        return False
    for name, payload in events.items():
        TestEvent.objects.create(function=version.function, name=name, payload=payload.strip())
    return True
