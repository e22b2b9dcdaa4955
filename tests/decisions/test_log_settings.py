"""AWS's LoggingConfig: what a change makes of what was."""

from __future__ import annotations

import pytest

from invocations.decisions.log_settings import LogSettings, merged
from invocations.errors import InvalidParameterValue

TEXT = LogSettings()
JSON = LogSettings("JSON", "ERROR", "DEBUG")


@pytest.mark.parametrize(
    ("current", "change", "expected"),
    [
        (TEXT, (None, None, None), TEXT),
        (TEXT, ("JSON", None, None), LogSettings("JSON", "INFO", "INFO")),
        (TEXT, ("JSON", "TRACE", None), LogSettings("JSON", "TRACE", "INFO")),
        (JSON, (None, None, "WARN"), LogSettings("JSON", "ERROR", "WARN")),
        (JSON, ("JSON", None, None), JSON),
        (JSON, ("Text", None, None), TEXT),
    ],
)
def test_a_change(
    current: LogSettings, change: tuple[str | None, str | None, str | None], expected: LogSettings
) -> None:
    assert merged(current, *change) == expected


@pytest.mark.parametrize("change", [(None, "INFO", None), ("Text", None, "INFO")])
def test_text_has_no_levels(change: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(InvalidParameterValue, match="only together with the LogFormat JSON"):
        merged(TEXT, *change)
