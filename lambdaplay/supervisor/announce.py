"""Wait for the first good answer of `/healthz`, then say where everything is."""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from invocations.flows.access_keys import default_key_is_good
from lambdaplay.supervisor.prepare import ADMIN

START_SECONDS = 60.0
# Companion and broker may be late; the house serves without them.
PATIENCE_SECONDS = 8.0


def announce() -> None:
    """Print the addresses when the house is healthy; exit 1 when it does not become so."""
    health = wait_for_health(settings.LAMBDAPLAY_HOST, settings.LAMBDAPLAY_PORT, START_SECONDS, PATIENCE_SECONDS)
    if health is None:
        sys.exit(1)
    print(_text(health), flush=True)


def wait_for_health(host: str, port: int, seconds: float, patience: float) -> dict[str, Any] | None:
    """Ask until the answer is "ok", or "degraded" for longer than `patience`; None when time is up."""
    started = time.monotonic()
    while (waited := time.monotonic() - started) < seconds:
        health = ask(host, port)
        if health is not None and (health["status"] == "ok" or (health["status"] == "degraded" and waited > patience)):
            return health
        time.sleep(0.05)
    return None


def ask(host: str, port: int) -> dict[str, Any] | None:
    """Return what `/healthz` says, or None when nobody answers."""
    connection = http.client.HTTPConnection(_reachable(host), port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    else:
        return answer
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """An address that stands for all interfaces is listened on, not called."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _password() -> str:
    """The stored password while it is the right one; it may have been changed in the console."""
    stored: str = settings.LAMBDAPLAY_SECRETS.admin_password
    user = get_user_model().objects.filter(username=ADMIN).first()
    return stored if user is not None and user.check_password(stored) else "as it was changed in the console"


def _keys() -> str:
    if not default_key_is_good():
        name = settings.LAMBDAPLAY_ACCESS_KEY_ID
        return f"  (the key {name} is not good any more: make one in the console under Access keys, or set another)"
    return f"""  export AWS_ACCESS_KEY_ID={settings.LAMBDAPLAY_ACCESS_KEY_ID}
  export AWS_SECRET_ACCESS_KEY={settings.LAMBDAPLAY_SECRET_ACCESS_KEY}"""


def _text(health: dict[str, Any]) -> str:
    missing = [f"{name} ({part['detail']})" for name, part in health["parts"].items() if part["state"] != "ok"]
    note = f"  Not available: {', '.join(missing)}. `manage.py doctor` says what that costs.\n" if missing else ""
    return f"""
lambdaplay is ready at {settings.LAMBDAPLAY_URL}
  Console: {settings.LAMBDAPLAY_URL}/admin/   user {ADMIN}, password {_password()}
{note}
  export AWS_ENDPOINT_URL={settings.LAMBDAPLAY_URL}
{_keys()}
  export AWS_DEFAULT_REGION={settings.LAMBDAPLAY_REGION}

Ctrl-C stops everything."""
