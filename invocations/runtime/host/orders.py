"""What a blank is told when it becomes a function's environment."""

from __future__ import annotations

import os
import socket

from invocations.runtime.channel import Message
from invocations.runtime.host import jail, variables
from invocations.runtime.host.environment import Environment, Processes
from invocations.runtime.host.settings import JAILED, HostSettings


class Orders:
    """Makes start orders; `forwarder_port` is where the way to the internet is found from inside."""

    def __init__(self, settings: HostSettings, level: str, forwarder_port: int) -> None:
        self._settings = settings
        self._level = level
        self._forwarder_port = forwarder_port

    def start(self, environment: Environment, processes: Processes, places: Message | None) -> Message:
        spec = environment.spec
        api = f"127.0.0.1:{self._settings.api_port}" if processes.own_network else address(processes.listeners[0])
        folders = _folders(environment, places)
        endpoint = "127.0.0.1" if processes.own_network else self._settings.endpoint_address
        endpoint = f"[{endpoint}]" if ":" in endpoint else endpoint
        return {
            "code": spec["code"],
            "task": folders["task"],
            "opt": spec["opt"],
            "opt_folder": folders["opt"],
            "tmp": environment.tmp,
            "tmp_folder": folders["tmp"],
            "network": spec["network"],
            "files": {} if processes.own_network else _name_service(),
            "ports": [int(api.rpartition(":")[2]), self._settings.endpoint_port, self._forwarder_port],
            "tmp_mb": spec["tmp_mb"],
            "memory_mb": spec["memory_mb"],
            "extensions": _extensions(spec),
            "argv": spec["argv"] and [variables.in_folders(part, folders) for part in spec["argv"]],
            "environment": variables.for_environment(
                spec,
                seed=self._settings.session_key_seed,
                environment_id=environment.environment_id,
                log_stream=environment.log_stream,
                api=api,
                endpoint=f"http://{endpoint}:{self._settings.endpoint_port}",
                folders=folders,
                forwarder_port=self._forwarder_port,
                home=None if self._level in JAILED else folders["tmp"],
                initialization="provisioned-concurrency" if environment.provisioned else "on-demand",
            ),
        }


def _extensions(spec: Message) -> Message:
    """Which extensions there are, and what AWS answers to their registration."""
    return {
        "names": spec["extensions"],
        "identity": {
            "functionName": spec["function"],
            "functionVersion": spec["version"],
            "handler": spec["handler"],
            "accountId": spec["account"],
        },
    }


def _folders(environment: Environment, places: Message | None) -> Message:
    """Where the environment's processes find things."""
    if places is None:
        return {
            "task": jail.TASK,
            "opt": jail.OPT,
            "runtime": jail.LIBRARIES,
            "clients": jail.CLIENTS,
            "tmp": "/tmp",  # noqa: S108
        }
    opt = environment.spec["opt"]
    return {
        "task": f"{places['code']}/{environment.spec['code']}/task",
        "opt": f"{places['code']}/{opt}/task" if opt else jail.OPT,
        "runtime": places["runtime"],
        "clients": places["clients"],
        "tmp": f"{places['tmps']}/{environment.tmp}",
    }


def _name_service() -> Message:
    """How this machine finds names now; a laptop that moves changes it."""
    found = {}
    for path in ("/etc/resolv.conf", "/etc/hosts"):
        try:
            with open(path, errors="replace") as file:
                found[path] = file.read(16_384)
        except OSError:
            pass  # a machine without it
    return found


def shared_listener() -> int:
    """A Runtime API listener on the machine's own loopback, at a port of its own."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener.detach()


def address(listener: int) -> str:
    with socket.socket(fileno=os.dup(listener)) as opened:
        host, port = opened.getsockname()
        return f"{host}:{port}"
