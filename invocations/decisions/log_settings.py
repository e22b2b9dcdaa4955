"""How a function's log is written: AWS's LoggingConfig. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from invocations.errors import InvalidParameterValue

TEXT, JSON = "Text", "JSON"
LEVEL_DEFAULT = "INFO"


@dataclass(frozen=True)
class LogSettings:
    """Levels are "" with the text format, which has none."""

    log_format: str = TEXT
    application_log_level: str = ""
    system_log_level: str = ""


def merged(current: LogSettings, log_format: str | None, application: str | None, system: str | None) -> LogSettings:
    """Return the settings after a change; None leaves a setting as it is. Raises InvalidParameterValue."""
    wanted = log_format or current.log_format
    if wanted == TEXT:
        if application or system:
            raise InvalidParameterValue(
                "ApplicationLogLevel and SystemLogLevel can be set only together with the LogFormat JSON."
            )
        return LogSettings()
    return LogSettings(
        wanted,
        application or current.application_log_level or LEVEL_DEFAULT,
        system or current.system_log_level or LEVEL_DEFAULT,
    )
