"""The console as a person uses it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.house import House

pytestmark = pytest.mark.browser

FAILING = """def handler(event, context):
    print("working for", event["name"])
    raise ValueError("no account for " + event["name"])
"""

Make = Callable[[str], None]


@pytest.fixture
def make(page: Page, live: House) -> Make:
    def create(name: str) -> None:
        page.goto(f"{live.url}/admin/invocations/function/add/")
        page.fill("[name=name]", name)
        page.click("form#create button.primary")
        expect(page.locator("#invoke-button")).to_be_visible()

    return create


def test_a_function_is_written_invoked_and_its_story_read(page: Page, make: Make) -> None:
    make("browser-story")
    page.click("#invoke-button")
    expect(page.locator("#result-payload")).to_contain_text("Hello, Ada!")
    expect(page.locator("#result")).to_contain_text("Succeeded")

    page.fill("[name=source]", FAILING)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/invoke/", hold)
    page.click("#invoke-button")
    expect(page.locator(".c-progress")).to_be_visible()  # as long as there is no answer
    held.pop().continue_()
    page.unroute("**/invoke/", hold)
    expect(page.locator("#result-payload")).to_contain_text("no account for Ada")
    expect(page.locator("#result")).to_contain_text("code saved first")
    expect(page.locator("#result")).to_contain_text("working for Ada")
    expect(page.locator("#result svg.c-tl")).to_be_visible()

    page.click("text=Whole story")
    expect(page.locator(".c-verdict")).to_contain_text("The handler failed with ValueError: no account for Ada")
    page.click("text=Invoke again…")
    expect(page.locator("#id_payload")).to_have_value('{\n  "name": "Ada"\n}')


def test_a_refusal_is_shown_beside_the_event(page: Page, make: Make, complaints: list[str]) -> None:
    make("browser-refused")
    page.fill("#id_payload", "{")
    page.click("#invoke-button")
    expect(page.locator("#result")).to_contain_text("Nothing ran, and nothing was recorded.")
    assert ["status of 400" in complaint for complaint in complaints] == [True]
    complaints.clear()


def test_everything_is_reached_by_keyboard(page: Page, make: Make) -> None:
    make("browser-keys")
    page.focus("#id_source")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    expect(page.locator("#id_source")).to_have_value(re.compile(r"^    def handler"))
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+End")
    page.keyboard.type("if True:\npass")
    assert page.input_value("#id_source").endswith("if True:\n    pass")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator("#code-form button:has-text('Save code')")).to_be_focused()
    page.focus("#id_payload")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result-payload")).to_contain_text("Hello, Ada!")


def test_saved_events_fill_the_payload(page: Page, make: Make) -> None:
    make("browser-events")
    page.fill("#id_payload", '{"name": "Grace"}')
    page.click("text=Keep this event")
    page.fill("form[action$='/events/'] [name=name]", "grace")
    page.click("text=Save event")
    expect(page.locator("#event-saved")).to_contain_text("grace saved")
    page.reload()
    page.fill("#id_payload", "{}")
    page.select_option("[data-fills]", label="grace")
    expect(page.locator("#id_payload")).to_have_value('{"name": "Grace"}')


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(page: Page, make: Make, live: House, scheme: str) -> None:
    make(f"browser-phone-{scheme}-with-a-name-that-is-long-" + "x" * 10)
    page.click("#invoke-button")
    expect(page.locator("#result-payload")).to_be_visible()
    function, story = page.url, str(page.get_attribute("text=Whole story", "href"))
    page.set_viewport_size({"width": 375, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    places = [
        function, f"{function}?tab=configuration", f"{function}?tab=versions", f"{function}?tab=activity",
        function.replace("change", "delete"), live.url + story,
        *(f"{live.url}/admin/{below}" for below in (
            "", "invocations/function/", "invocations/function/add/", "invocations/invocation/",
            "invocations/mapping/", "invocations/queue/", "invocations/topic/", "invocations/bus/",
            "waiting/", "clock/", "invocations/accesskey/", "doctor/", "auth/user/",
        )),
    ]  # fmt: skip
    wide = []
    for place in places:
        page.goto(place)
        if page.evaluate("document.documentElement.scrollWidth") > 375:
            wide.append(place)
    assert wide == []
