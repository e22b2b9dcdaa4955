"""An API as a person makes it: a route to a function, permitted with one click, and a request sent from the page."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.house import House


def test_an_api_is_made_permitted_and_tried(page: Page, live: House) -> None:
    page.goto(f"{live.url}/admin/invocations/api/")
    page.fill("[name=name]", "browser-api")
    page.fill("[name=function]", "hello")
    page.uncheck("[name=allow]")
    page.click("button:has-text('Create API')")
    page.click("#try button:has-text('Send')")
    expect(page.locator("#try .c-verdict")).to_contain_text("Not Found")
    page.fill("#try [name=target]", "/pets/7")
    page.click("#try button:has-text('Send')")
    expect(page.locator("#try .c-verdict")).to_contain_text("Internal Server Error")
    page.click("button:has-text('Permit')")
    expect(page.locator(".c")).not_to_contain_text("not permitted")
    page.fill("#try [name=target]", "/pets/7")
    page.click("#try button:has-text('Send')")
    expect(page.locator("#try .c-verdict")).to_contain_text("Hello, world!")
    page.click("text=Its flow")
    expect(page.locator("#flow")).to_contain_text("request to API")
