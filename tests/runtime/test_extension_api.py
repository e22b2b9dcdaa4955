"""The Extensions API without sockets: what each call is answered, and what is told to whom."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from invocations.runtime.host.extension_api import Extensions, Reply, identifier
from tests.runtime.hosts import until

IDENTITY = {"functionName": "fn", "functionVersion": "3", "handler": "app.handler", "accountId": "000000000000"}
PREFIX = b"/2020-01-01/extension/"


class Desk:
    """Extensions under test; `told` and `registered` collect what they say."""

    def __init__(self, *names: str) -> None:
        self.told: list[dict[str, Any]] = []
        self.registered = 0
        self.extensions = Extensions(names, IDENTITY, self._registered, self.told.append)
        self.answers: list[Reply | None] = []

    def _registered(self) -> None:
        self.registered += 1

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply | None:
        sent = {name.lower().encode(): value.encode() for name, value in headers.items()}
        return self.extensions.answer(method.encode(), PREFIX + path.encode(), sent, body)

    def register(self, name: str, events: list[str], **headers: str) -> Reply:
        body = json.dumps({"events": events}).encode()
        reply = self.call("POST", "register", {"Lambda-Extension-Name": name, **headers}, body)
        assert reply is not None
        return reply

    def registered_id(self, name: str, events: list[str]) -> dict[str, str]:
        return dict(self.register(name, events).headers)

    def next(self, mine: Mapping[str, str]) -> threading.Thread:
        """Ask for the next event in a thread of its own; its answer is added to `answers`."""
        asks = lambda: self.answers.append(self.call("GET", "event/next", mine))  # noqa: E731
        thread = threading.Thread(target=asks, daemon=True)
        thread.start()
        return thread


def refusal(reply: Reply | None) -> tuple[bytes, str]:
    assert reply is not None
    return reply.status, json.loads(reply.body)["errorType"]


FORBIDDEN = b"403 Forbidden"


def test_a_registration_is_answered_with_the_function_and_on_request_with_the_account() -> None:
    desk = Desk("a", "b")
    plain = desk.register("a", ["SHUTDOWN", "INVOKE"])
    assert plain.status == b"200 OK"
    assert json.loads(plain.body) == {"functionName": "fn", "functionVersion": "3", "handler": "app.handler"}
    assert len(plain.headers["Lambda-Extension-Identifier"]) == 36
    assert desk.registered == 0
    featured = desk.register("b", [], **{"Lambda-Extension-Accept-Feature": "accountId"})
    assert json.loads(featured.body)["accountId"] == "000000000000"
    assert desk.registered == 1


REGISTRATIONS: dict[str, tuple[str, bytes, str]] = {
    "no name": ("", b'{"events": []}', "Extension.InvalidExtensionName"),
    "no file's name": ("c", b'{"events": []}', "Extension.InvalidExtensionName"),
    "an event that is none": ("a", b'{"events": ["INVOKE", "RESTORE"]}', "Extension.InvalidEventType"),
    "no JSON": ("a", b"events", "InvalidRequestFormat"),
    "no object": ("a", b"[]", "InvalidRequestFormat"),
    "no events": ("a", b"{}", "InvalidRequestFormat"),
    "events that are none": ("a", b'{"events": 5}', "InvalidRequestFormat"),
}


@pytest.mark.parametrize("case", REGISTRATIONS)
def test_registrations_that_are_refused(case: str) -> None:
    name, body, expected = REGISTRATIONS[case]
    desk = Desk("a", "b")
    assert refusal(desk.call("POST", "register", {"Lambda-Extension-Name": name}, body)) == (FORBIDDEN, expected)
    assert desk.register("a", []).status == b"200 OK"
    assert refusal(desk.register("a", [])) == (FORBIDDEN, "Extension.InvalidExtensionState")
    desk.register("b", [])
    assert refusal(desk.register("a", [])) == (FORBIDDEN, "Extension.RegistrationClosed")


CALLERS: dict[str, tuple[dict[str, str], str]] = {
    "nobody": ({}, "Extension.MissingExtensionIdentifier"),
    "no identifier": ({"Lambda-Extension-Identifier": "a"}, "Extension.InvalidExtensionIdentifier"),
    "somebody else": ({"Lambda-Extension-Identifier": identifier()}, "Extension.UnknownExtensionIdentifier"),
}


@pytest.mark.parametrize("case", CALLERS)
@pytest.mark.parametrize("call", [("GET", "event/next"), ("POST", "init/error"), ("POST", "exit/error")])
def test_callers_that_are_not_known(case: str, call: tuple[str, str]) -> None:
    headers, expected = CALLERS[case]
    assert refusal(Desk("a").call(*call, headers)) == (FORBIDDEN, expected)


def test_what_is_not_there() -> None:
    reply = Desk("a").call("GET", "nowhere", {})
    assert reply is not None
    assert reply.status == b"404 Not Found"


def test_telemetry_is_refused_by_name_with_the_status_that_extensions_take_for_not_here(
    capfd: pytest.CaptureFixture[str],
) -> None:
    desk = Desk("a")
    mine = {b"lambda-extension-identifier": desk.registered_id("a", [])["Lambda-Extension-Identifier"].encode()}
    for path, kind in ((b"/2022-07-01/telemetry", "Telemetry"), (b"/2020-08-15/logs", "Logs")):
        assert refusal(desk.extensions.answer(b"PUT", path, {}, b"{}")) == (
            FORBIDDEN,
            "Extension.MissingExtensionIdentifier",
        )
        reply = desk.extensions.answer(b"PUT", path, mine, b"{}")
        assert refusal(reply) == (b"202 Accepted", f"{kind}.NotSupported")
        assert f"lambdaplay does not support the {kind} API: extension a gets nothing" in capfd.readouterr().err


EVENT = {"eventType": "INVOKE", "requestId": "r1"}


def test_an_event_is_over_when_all_that_got_it_ask_for_the_next() -> None:
    desk = Desk("both", "end")
    both, end = desk.registered_id("both", ["INVOKE", "SHUTDOWN"]), desk.registered_id("end", ["SHUTDOWN"])
    desk.next(both)
    assert desk.told == []
    desk.next(end)
    until(lambda: desk.told)
    assert [(each["name"], each["state"]) for each in desk.told.pop()["ready"]] == [("both", "Ready"), ("end", "Ready")]
    desk.extensions.invoke(EVENT)
    until(lambda: desk.answers)
    got = desk.answers.pop()
    assert got is not None
    assert json.loads(got.body) == EVENT
    assert len(got.headers["Lambda-Extension-Event-Identifier"]) == 36
    assert desk.told == []
    waiting = desk.next(both)
    until(lambda: desk.told)
    assert desk.told == [{"done": "r1"}]
    assert desk.extensions.shut_down({"eventType": "SHUTDOWN"}) == []
    waiting.join(5)
    assert {json.loads(each.body)["eventType"] for each in desk.answers if each is not None} == {"SHUTDOWN"}


def test_an_event_that_nobody_asked_for_is_over_at_once() -> None:
    desk = Desk("a")
    mine = desk.registered_id("a", [])
    desk.next(mine)
    until(lambda: desk.told)
    desk.extensions.invoke(EVENT)
    assert desk.told[1:] == [{"done": "r1"}]
    assert desk.extensions.shut_down({"eventType": "SHUTDOWN"}) == ["a"]


def test_who_asks_again_gets_the_event_once() -> None:
    """A client with a time limit of its own gives up and asks anew; its first call is of no use any more."""
    desk = Desk("a")
    mine = desk.registered_id("a", ["INVOKE"])
    first = desk.next(mine)
    until(lambda: desk.told)
    second = desk.next(mine)
    first.join(5)
    assert desk.answers == [None]
    desk.extensions.invoke(EVENT)
    second.join(5)
    assert [answer is None for answer in desk.answers] == [True, False]
    assert desk.told[1:] == []


KIND = {"Lambda-Extension-Function-Error-Type": "Extension.NoKey"}


@pytest.mark.parametrize(("path", "state"), [("init/error", "InitError"), ("exit/error", "ExitError")])
def test_an_error_is_told_when_its_extension_has_ended(path: str, state: str) -> None:
    desk = Desk("a", "b")
    mine = desk.registered_id("a", ["INVOKE"])
    assert refusal(desk.call("POST", path, mine)) == (FORBIDDEN, "Extension.MissingHeader")
    reply = desk.call("POST", path, {**mine, **KIND}, b"{}")
    assert reply is not None
    assert (reply.status, reply.body) == (b"202 Accepted", b'{"status":"OK"}\n')
    assert refusal(desk.call("POST", path, {**mine, **KIND})) == (FORBIDDEN, "Extension.InvalidExtensionState")
    assert refusal(desk.call("GET", "event/next", mine)) == (FORBIDDEN, "Extension.InvalidExtensionState")
    assert desk.told == []
    desk.extensions.ended("a", "exit code 0")
    assert desk.told[0]["failed"] == {"type": f"Extension.{state}", "why": "exit code 0"}
    assert desk.told[0]["extensions"][0] == {
        "name": "a",
        "state": state,
        "events": ["INVOKE"],
        "error_type": "Extension.NoKey",
    }
    desk.extensions.insist()
    desk.extensions.ended("b", "exit status 1")
    assert len(desk.told) == 1  # the first failure is the one


def test_who_tells_of_an_error_and_stays_is_not_waited_for() -> None:
    desk = Desk("a")
    desk.call("POST", "init/error", {**desk.registered_id("a", []), **KIND}, b"{}")
    desk.extensions.insist()
    assert desk.told[0]["failed"] == {"type": "Extension.InitError", "why": "Extension.NoKey"}


def test_what_ends_when_all_ends_has_not_failed() -> None:
    desk = Desk("a")
    desk.registered_id("a", ["SHUTDOWN"])
    desk.extensions.leave()
    desk.extensions.ended("a", "exit code 0")
    assert desk.told == []
