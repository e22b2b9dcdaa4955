"""An event's life as a person sees it: it fails, waits, and is tried again when the clock moves."""

from __future__ import annotations

import base64
import json
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from tests.house import House

FAILS = """def handler(event, context):
    print("charging order", event["name"])
    raise ValueError("no account for " + event["name"])
"""


def advance(live: House, seconds: int) -> None:
    key = base64.b64encode(b"test:test").decode()
    body = json.dumps({"advance_seconds": seconds}).encode()
    with urlopen(Request(f"{live.url}/_lambdaplay/clock", body, {"Authorization": f"Basic {key}"})) as answer:
        assert answer.status == 200


def test_attempts_appear_as_the_clock_is_advanced(page: Page, live: House) -> None:
    page.goto(f"{live.url}/admin/invocations/function/add/")
    page.fill("[name=name]", "browser-event")
    page.click("form#create button.primary")
    page.fill("[name=source]", FAILS)
    page.select_option("[name=invocation_type]", "Event")
    page.click("#invoke-button")
    expect(page.locator("#result")).to_contain_text("Accepted")
    expect(page.locator("#event-brief")).to_contain_text("retry 1 of 2", timeout=20_000)
    page.click("text=Whole story")

    story = page.locator("#story")
    expect(story).to_contain_text("Attempt 1 of 3 failed: ValueError: no account for Ada.")
    expect(story.locator(".c-ev-planned")).to_be_visible()
    story.locator("button:has-text('Run now')").click()
    expect(story).to_contain_text("Attempt 2 of 3 failed", timeout=20_000)
    advance(live, 121)
    expect(story).to_contain_text("All 3 attempts failed", timeout=20_000)
    expect(story.locator("svg.c-ev .c-ev-number")).to_have_text(["1", "2", "3"])

    story.locator("svg.c-ev a").first.click()
    expect(page.locator("#attempt")).to_contain_text("Log of attempt 1")
    expect(page.locator("#attempt")).to_contain_text("charging order Ada")

    page.click("text=Waiting room")
    expect(page.locator("h1")).to_have_text("Waiting room")
    page.set_viewport_size({"width": 375, "height": 800})
    for place in ("/admin/waiting/", "/admin/invocations/invocation/"):
        page.goto(live.url + place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
