"""What this machine has for lambdaplay, and what each missing part costs. For the command and for the console."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec

from django.conf import settings
from django.db import Error, connection

from invocations import neighbours
from invocations.errors import UnusablePart
from invocations.runtime import client, runtimes
from invocations.runtime.kernel import probe
from invocations.values import HostState
from lambdaplay.db.pool import pooled

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(frozen=True)
class Finding:
    """One line. `state`: ok, missing (something does less), broken (lambdaplay cannot do its work)."""

    part: str
    state: str
    found: str
    cost: str = ""  # what does not work, when not ok


def examine(*, may_fork: bool) -> list[Finding]:
    """Look at everything; never raises. `may_fork`: this process has no threads, so the sandbox may be tried out."""
    return [
        Finding("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        _database(),
        *_host_and_sandbox(may_fork),
        *_runtimes(),
        _broker(),
        _companion(),
        _kafka(),
        _browser(),
    ]


def is_usable(findings: list[Finding]) -> bool:
    """Whether lambdaplay can do its work here, perhaps less of it."""
    return all(finding.state != "broken" for finding in findings)


def _database() -> Finding:
    try:
        with pooled(), connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode" if connection.vendor == "sqlite" else "SHOW server_version")
            answer = str(cursor.fetchone()[0])
    except Error as error:
        return Finding("database", "broken", str(error).strip(), "Nothing works without the database.")
    if connection.vendor == "sqlite" and answer != "wal":
        return Finding("database", "broken", f"SQLite with journal mode {answer}", "Callers would lock each other out.")
    name = connection.settings_dict["NAME"]
    kind = "SQLite, write-ahead log" if connection.vendor == "sqlite" else f"PostgreSQL {answer}"
    return Finding("database", "ok", f"{kind}: {name}")


def _host_and_sandbox(may_fork: bool) -> Iterator[Finding]:
    try:
        state: HostState | None = client.state()
        yield Finding("environment host", "ok", "running")
    except UnusablePart:
        state = None
        yield Finding(
            "environment host", "missing", "not running", "Functions run only while `manage.py up` (make run) does."
        )
    if state is not None:
        yield _sandbox(state.sandbox, f"level {state.sandbox}", dict(state.findings))
    elif may_fork:
        findings = probe.probe()
        level, reason = probe.level(findings, settings.LAMBDAPLAY_SANDBOX)
        yield _sandbox(level, reason, findings)


def _sandbox(level: str | None, text: str, findings: dict[str, str]) -> Finding:
    lacking = [f"{name}: {probe.FINDINGS[name]}" for name in probe.FINDINGS if not probe.found(findings, name)]
    cost = f"Not to be had here: {'; '.join(lacking)}." if lacking else ""
    if level is None:
        return Finding("sandbox", "broken", text, f"Functions are refused. {cost}".strip())
    return Finding("sandbox", "missing" if level == "none" or lacking else "ok", text, cost)


def _runtimes() -> Iterator[Finding]:
    for family in runtimes.discover():
        if family.found:
            yield Finding(f"runtime {family.family}", "ok", family.found)
        else:
            yield Finding(f"runtime {family.family}", "missing", "not found", family.cost)


def _broker() -> Finding:
    cost = "Synchronous invocations work; whatever is asynchronous or periodic waits until it is back."
    place = "embedded" if settings.LAMBDAPLAY_EMBEDDED_BROKER else "CELERY_BROKER_URL"
    try:
        neighbours.ask_broker(settings.CELERY_BROKER_URL)
    except UnusablePart as trouble:
        binary = neighbours.broker_binary()
        if settings.LAMBDAPLAY_EMBEDDED_BROKER and binary is not None:
            return Finding("broker", "missing", f"not running; {binary} will be used", cost)
        return Finding("broker", "missing", f"{place}: {trouble}", cost)
    return Finding("broker", "ok", f"{place}, answers")


def _companion() -> Finding:
    cost = "S3, DynamoDB, IAM and the other services that are not embedded are refused."
    wanted = settings.LAMBDAPLAY_COMPANION
    if wanted == "none":
        return Finding("companion", "missing", "switched off (LAMBDAPLAY_COMPANION=none)", cost)
    if wanted == "moto" and find_spec("moto") is None:
        return Finding("companion", "missing", "moto is not installed", cost)
    try:
        neighbours.ask_companion(settings.LAMBDAPLAY_COMPANION_PLACE)
    except UnusablePart as trouble:
        known = "not running; moto will be used" if wanted == "moto" else f"{wanted}: {trouble}"
        return Finding("companion", "missing", known, cost)
    return Finding("companion", "ok", f"{wanted}, answers")


def _kafka() -> Finding:
    if find_spec("confluent_kafka") is None:
        cost = "Event source mappings of Kafka are refused. To have them: pip install 'confluent-kafka>=2.6,<3'"
        return Finding("kafka client", "missing", "confluent-kafka is not installed", cost)
    return Finding("kafka client", "ok", f"confluent-kafka {version('confluent-kafka')}")


def _browser() -> Finding:
    for name in BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return Finding("chromium", "ok", found)
    return Finding("chromium", "missing", "not found", "The console's browser tests cannot run. Nothing else needs it.")
