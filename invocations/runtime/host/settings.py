"""What the environment host is told when it starts. Made by the server, read once by host and zygote."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class HostSettings:
    socket_path: str
    code: str  # the folder of unpacked packages
    libraries: str  # what becomes /var/runtime
    clients: str  # runtime clients that are not Python's
    prefixes: tuple[str, ...]  # interpreters' own folders, needed inside the jail under the same path
    python: str  # the interpreter that runs host and zygote
    endpoint_host: str
    endpoint_port: int
    session_key_seed: str
    sandbox: str  # as asked for: auto, L2, L1, L0, none
    generation: str  # names this start of the host in environment ids

    @property
    def api_port(self) -> int:
        """The Runtime API's, inside an environment's own network, where the endpoint keeps its number."""
        return RUNTIME_API_PORT + (self.endpoint_port == RUNTIME_API_PORT)

    @property
    def forwarder_port(self) -> int:
        return FORWARDER_PORT + (self.endpoint_port == FORWARDER_PORT)

    @property
    def endpoint_address(self) -> str:
        """Where this machine's own processes reach the endpoint."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}.get(  # noqa: S104
            self.endpoint_host, self.endpoint_host
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> HostSettings:
        values = json.loads(text)
        return HostSettings(**{**values, "prefixes": tuple(values["prefixes"])})


# The unprivileged uid and gid that functions have on the host when the server runs as root. Neither root nor, in
# all likelihood, anybody: not `nobody` (65534), which other services use too.
FUNCTION_UID = 65_533
# What the function sees itself as.
INNER_UID = 993

# Levels whose environments have namespaces of their own.
JAILED = ("L2", "L1")

RUNTIME_API_PORT = 9001
FORWARDER_PORT = 9003
