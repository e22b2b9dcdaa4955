"""How the supervisor starts the environment host: outside the server's virtual environment, told by a private file."""

from __future__ import annotations

import os
import secrets
import sys

from django.conf import settings

from invocations.runtime import libraries, runtimes
from invocations.runtime.host.settings import HostSettings


def host_command() -> list[str]:
    """Write the host's settings (0600, in the private run folder) and return its command line."""
    path = settings.LAMBDAPLAY_HOME.run / "host.json"
    path.touch(mode=0o600)
    path.write_text(host_settings().to_json())
    checkout = str(settings.BASE_DIR)
    code = f"import sys; sys.path.insert(0, {checkout!r}); from invocations.runtime.host.main import main; main()"
    return [base_python(), "-I", "-S", "-c", code, str(path)]


def host_environment() -> dict[str, str]:
    """The host and all below it start with nothing of the server's environment."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def host_settings() -> HostSettings:
    home = settings.LAMBDAPLAY_HOME
    return HostSettings(
        socket_path=str(home.host_socket),
        code=str(home.code),
        libraries=str(libraries.prepare(home)),
        clients=str(libraries.prepare_clients(home)),
        prefixes=tuple(dict.fromkeys([sys.base_prefix, *runtimes.prefixes()])),
        python=base_python(),
        endpoint_host=settings.LAMBDAPLAY_HOST,
        endpoint_port=settings.LAMBDAPLAY_PORT,
        session_key_seed=settings.LAMBDAPLAY_SECRETS.session_key_seed,
        sandbox=settings.LAMBDAPLAY_SANDBOX,
        generation=secrets.token_hex(4),
    )


def base_python() -> str:
    """The interpreter below the virtual environment, by its real path."""
    return os.path.realpath(sys.executable)
