"""Links to code packages: good for what they name, for ten minutes, where they were asked for."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from invocations.runtime import code
from invocations.values import Scope
from invocations.wire import code_links
from lambdaplay.home import Home
from tests.wire.asking import Asked, ask

SCOPE = Scope("000000000000", "us-east-1")
HOST = "127.0.0.1:8000"


@pytest.fixture
def package(tmp_path: Path, settings: Any) -> code.CodePackage:
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    return code.store(code.from_source("app.py", "def handler(event, context): return 1\n"))


def target(sha256: str) -> str:
    return code_links.link(SCOPE, HOST, sha256).removeprefix(f"http://{HOST}")


def test_a_link_gives_the_package_as_it_was_uploaded(package: code.CodePackage) -> None:
    heard = ask(Asked("GET", target(package.sha256)))
    assert (heard.status, heard.headers["content-type"]) == (200, "application/zip")
    assert hashlib.sha256(heard.body).hexdigest() == package.sha256
    assert ask(Asked("HEAD", target(package.sha256))).body == b""


def test_a_link_is_good_for_its_own_package_host_and_time_only(package: code.CodePackage) -> None:
    good = target(package.sha256)
    other = good.replace(package.sha256, "0" * 64)
    for bad in (other, good[:-1], good.replace("Expires=600", "Expires=6000"), good.partition("?")[0]):
        assert ask(Asked("GET", bad)).status == 403
    assert ask(Asked("GET", good, {"Host": "localhost:8000"})).status == 403


def test_a_link_dies_after_ten_minutes(package: code.CodePackage, monkeypatch: pytest.MonkeyPatch) -> None:
    good = target(package.sha256)
    later = time.time() + 602
    monkeypatch.setattr("time.time", lambda: later)
    heard = ask(Asked("GET", good))
    assert (heard.status, "Request has expired" in heard.text) == (403, True)


def test_a_package_that_is_gone_is_a_missing_key(package: code.CodePackage) -> None:
    heard = ask(Asked("GET", target("0" * 64)))
    assert (heard.status, "<Code>NoSuchKey</Code>" in heard.text) == (404, True)
