"""From an event that waits, through the clock and its queue, to the flow and the proof: as a person goes."""

from __future__ import annotations

import json
import uuid

from playwright.sync_api import Page, expect

from tests.house import House

FAILS = "def handler(event, context):\n    raise ValueError('no account')\n"


def make_function(page: Page, live: House, name: str, source: str) -> None:
    page.goto(f"{live.url}/admin/invocations/function/add/")
    page.fill("[name=name]", name)
    page.click("form#create button.primary")
    page.fill("[name=source]", source)
    page.click("#invoke-button")
    expect(page.locator("#result-payload")).to_be_visible(timeout=30_000)


def no_wider_than_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_failing_event_is_followed_to_its_dead_letter(page: Page, live: House) -> None:
    page.goto(f"{live.url}/admin/invocations/queue/")
    page.fill("[name=name]:below(:text('Create a queue'))", "browser-dead")
    page.click("text=Create queue")
    expect(page.locator("h1")).to_have_text("browser-dead")
    no_wider_than_a_phone(page)

    make_function(page, live, "browser-steps", FAILS)
    arn = "arn:aws:sqs:us-east-1:000000000000:browser-dead"
    live.client("lambda").put_function_event_invoke_config(
        FunctionName="browser-steps",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    sent = live.client("lambda").invoke(FunctionName="browser-steps", InvocationType="Event", Payload=b"{}")
    request_id = sent["ResponseMetadata"]["RequestId"]

    page.goto(f"{live.url}/admin/waiting/?function=browser-steps")
    expect(page.locator("#room")).to_contain_text("retry 1 of 1", timeout=30_000)
    no_wider_than_a_phone(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#room button:has-text('Run now')")

    page.goto(f"{live.url}/admin/invocations/invocation/{request_id}/")
    expect(page.locator("#story")).to_contain_text("Sent to on-failure destination browser-dead", timeout=30_000)
    page.click("text=The whole flow")
    expect(page.locator("svg.c-flow .c-tl-lane")).to_have_text(["client", "browser-steps", "queue browser-dead"])
    expect(page.locator("#steps")).to_contain_text("visible")
    no_wider_than_a_phone(page)
    page.click("#steps a:has-text('queue browser-dead')")
    page.click("#messages table a")
    expect(page.locator("pre").first).to_contain_text("RetriesExhausted")


def test_the_proof_tells_adding_from_setting(page: Page, live: House) -> None:
    for name, verdict in (("add_ten", "Not idempotent"), ("set_to_thirty", "No change seen")):
        event = json.dumps({"account": f"browser-{uuid.uuid4()}"}).encode()
        ran = live.client("lambda").invoke(FunctionName=name, Payload=event)
        page.goto(f"{live.url}/admin/invocations/invocation/{ran['ResponseMetadata']['RequestId']}/")
        page.click("text=Idempotent?")
        page.click("text=Run it twice")
        expect(page.locator("[role=status]")).to_contain_text(verdict, timeout=60_000)
        no_wider_than_a_phone(page)
