"""Every page of the console, walked by a stranger: what shows anything asks who is there first."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

# What anybody may see: the door itself, its translations, and whether the house is well.
OPEN = {"/admin/login/", "/admin/jsi18n/", "/healthz"}
TO_LOGIN = "/admin/login/"


def paths(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        route = re.sub(r"<[^>]+>", "1", str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from paths(entry, before + route)
        elif isinstance(entry, URLPattern):
            yield before + re.sub(r"\(\?P1\.\*\)\$|[\^$]", "", route)


ALL = sorted(set(paths()))


def test_the_walk_finds_the_console() -> None:
    assert {"/admin/", "/admin/login/", "/healthz"} <= set(ALL)
    assert len(ALL) > 20


@pytest.mark.django_db
@pytest.mark.parametrize("path", [path for path in ALL if path not in OPEN])
def test_a_stranger_sees_nothing(path: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"})
    for answer in (client.get(path), client.post(path, {}), client.delete(path)):
        if answer.status_code in (301, 302):
            target = answer["Location"]
            assert TO_LOGIN in target or target.startswith(("/admin/", path)), target
        else:
            assert answer.status_code in (401, 403, 404, 405), (answer.request["REQUEST_METHOD"], answer.status_code)
