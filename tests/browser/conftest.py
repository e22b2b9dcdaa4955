"""A real browser in front of the running house. Its complaints and its requests elsewhere fail the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from invocations.flows.doctor import BROWSERS
from tests.house import House


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        if os.environ.get("LAMBDAPLAY_REQUIRE_SERVICES") == "1":
            pytest.fail("chromium is not installed, and LAMBDAPLAY_REQUIRE_SERVICES=1 asks for it")
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of. A test that provokes a complaint takes it out."""
    return []


@pytest.fixture
def page(browser: Browser, live: House, complaints: list[str]) -> Iterator[Page]:
    """A logged-in page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: _watch(request.url, live.url, complaints))
    page.goto(f"{live.url}/admin/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", live.admin_password)
    page.click("button[type=submit]")
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    yield page
    context.close()
    assert complaints == []


def _watch(url: str, home: str, complaints: list[str]) -> None:
    if not url.startswith((f"{home}/", "data:", "blob:")):
        complaints.append(f"a request to another host: {url}")
