"""MiniStack: an AWS emulator in Python that runs functions in local processes; checks no signature."""

from __future__ import annotations

import sys

from bench.workshop import Workshop, install
from tests.house import free_port

VERSION = "ministack==1.5.33"


def start(shop: Workshop) -> str:
    """Install and start it; return its URL. Raises Absent."""
    place = shop.cache / VERSION.replace("==", "-")
    commands = [
        [sys.executable, "-m", "venv", "venv"],
        ["venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", VERSION],
    ]
    install(place, "venv/bin/ministack", commands, "MiniStack")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"}
    shop.spawn([str(place / "venv/bin/ministack")], cwd=shop.scratch, environment=environment)
    shop.await_answer(f"{url}/_ministack/health")
    return url
