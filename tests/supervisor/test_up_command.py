"""The options of `manage.py up`; what it starts is other tests' business."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from invocations.management.commands import up


@pytest.mark.parametrize(("given", "companion"), [((), "moto"), (("--no-companion",), "none")])
def test_the_companion_can_be_left_out(
    given: tuple[str, ...], companion: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LAMBDAPLAY_COMPANION = "moto"
    found: list[str] = []

    def start() -> int:
        found.append(settings.LAMBDAPLAY_COMPANION)
        return 0

    monkeypatch.setattr(up, "up", start)
    with pytest.raises(SystemExit) as ended:
        call_command("up", *given)
    assert (ended.value.code, found) == (0, [companion])
