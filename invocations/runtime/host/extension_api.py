"""What an environment's external extensions have told and are owed: the Extensions API without its sockets.

Source of paths, states, error types and statuses: AWS's Extensions API, version 2020-01-01.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Message = dict[str, Any]
Headers = Mapping[bytes, bytes]

EXTENSIONS_MAX = 10  # of one environment. Source: AWS, Lambda extensions
_EVENTS = ("INVOKE", "SHUTDOWN")
_PREFIX = b"/2020-01-01/extension/"
# What these would subscribe to is not made here. Status and types: what AWS's own emulator answers, which extensions
# know as "not here".
_TELEMETRY = {b"/2022-07-01/telemetry": "Telemetry", b"/2020-08-15/logs": "Logs"}


class Reply(NamedTuple):
    status: bytes
    body: bytes
    headers: Mapping[str, str] = {}


@dataclass
class Extension:
    name: str
    state: str = "Started"
    identifier: str = ""
    events: tuple[str, ...] = ()
    calls: int = 0  # of next; only the last one is answered
    owed: Message | None = None  # the event that its next call gets
    error: str = ""  # the type of what it says of itself: Extension.InitError or Extension.ExitError
    reason: str = ""  # its own error type, as it was posted
    ended: bool = False

    @property
    def waits(self) -> bool:
        return self.state == "Ready"

    def describe(self) -> Message:
        return {"name": self.name, "state": self.state, "events": list(self.events), "error_type": self.reason}


class Extensions:
    """All of one environment's. Every method may be called from any thread; `next` waits.

    `identity` is what a registration is answered. `registered` is called once, when all of them are. `tell` gets
    `{"ready": [...]}` once, `{"done": request id}` after each event, and `{"failed": ...}` once.
    """

    def __init__(
        self,
        names: Sequence[str],
        identity: Message,
        registered: Callable[[], None],
        tell: Callable[[Message], None],
    ) -> None:
        self._all = {name: Extension(name) for name in names}
        self._identity = identity
        self._registered = registered
        self._tell = tell
        self._changed = threading.Condition()
        self._request_id: str | None = None  # of the event that is not over for all of them
        self._ready = self._failed = self._leaving = False

    def answer(self, method: bytes, path: bytes, headers: Headers, body: bytes) -> Reply | None:
        """Answer one call; None: its connection is of no more use."""
        call = (method, path.removeprefix(_PREFIX))
        if call == (b"POST", b"register"):
            return self._register(headers, body)
        if method == b"PUT" and path in _TELEMETRY:
            return self._refuse_telemetry(_TELEMETRY[path], headers)
        known = (b"GET", b"event/next"), (b"POST", b"init/error"), (b"POST", b"exit/error")
        if not path.startswith(_PREFIX) or call not in known:
            return Reply(b"404 Not Found", b"404 page not found\n")
        found = self._identified(headers)
        if isinstance(found, Reply):
            return found
        return self._next(found) if call == known[0] else self._report(found, call[1] == b"init/error", headers)

    # --- calls ------------------------------------------------------------------------------------------------------

    def _register(self, headers: Headers, body: bytes) -> Reply:
        name = headers.get(b"lambda-extension-name", b"").decode("latin-1")
        with self._changed:
            found = self._all.get(name)
            if found is None:
                text = f"Lambda-Extension-Name must name a file in /opt/extensions: {', '.join(self._all)}"
                return _refusal("InvalidExtensionName", text)
            if found.state != "Started":
                if all(each.state != "Started" for each in self._all.values()):
                    return _refusal("RegistrationClosed", "Extension registration closed already")
                return _wrong_state(found, "Registered")
            events = _asked_events(body)
            if isinstance(events, Reply):
                return events
            found.state, found.identifier, found.events = "Registered", identifier(), events
            if all(each.state != "Started" for each in self._all.values()):
                self._registered()
        features = headers.get(b"lambda-extension-accept-feature", b"").decode("latin-1")
        told = dict(self._identity)
        account = told.pop("accountId")
        if "accountId" in [feature.strip() for feature in features.split(",")]:
            told["accountId"] = account
        return Reply(b"200 OK", json.dumps(told).encode(), {"Lambda-Extension-Identifier": found.identifier})

    def _identified(self, headers: Headers) -> Extension | Reply:
        given = headers.get(b"lambda-extension-identifier", b"").decode("latin-1")
        if not given:
            return _refusal("MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
        if len(given) != 36 or set(given) - set("0123456789abcdefABCDEF-"):
            return _refusal("InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
        for each in self._all.values():
            if each.identifier == given.lower():
                return each
        return _refusal("UnknownExtensionIdentifier", f"Unknown extension {given}")

    def _next(self, extension: Extension) -> Reply | None:
        with self._changed:
            if extension.error or extension.ended:
                return _wrong_state(extension, "Ready")
            extension.state = "Ready"
            extension.calls += 1
            mine = extension.calls
            self._changed.notify_all()  # a call before this one is not waited with any longer
            self._look()
            while extension.owed is None and extension.calls == mine:
                self._changed.wait()
            if extension.calls != mine:
                return None  # it has called again since, after a time limit of its own
            event, extension.owed = extension.owed, None
            extension.state = "Running"
        return Reply(b"200 OK", json.dumps(event).encode(), {"Lambda-Extension-Event-Identifier": identifier()})

    def _report(self, extension: Extension, of_init: bool, headers: Headers) -> Reply:
        kind = headers.get(b"lambda-extension-function-error-type", b"").decode("latin-1")
        if not kind:
            return _refusal("MissingHeader", "Lambda-Extension-Function-Error-Type header not found")
        with self._changed:
            target = "InitError" if of_init else "ExitError"
            if extension.error or (of_init and extension.calls > 0):
                return _wrong_state(extension, target)
            extension.state, extension.error, extension.reason = target, f"Extension.{target}", kind[:200]
            self._changed.notify_all()
        return Reply(b"202 Accepted", b'{"status":"OK"}\n')

    def _refuse_telemetry(self, what: str, headers: Headers) -> Reply:
        found = self._identified(headers)
        if isinstance(found, Reply):
            return found
        text = f"lambdaplay does not support the {what} API: extension {found.name} gets nothing from it."
        os.write(2, f"{text}\n".encode())
        return Reply(b"202 Accepted", _error(f"{what}.NotSupported", text))

    # --- events and ends --------------------------------------------------------------------------------------------

    def invoke(self, event: Message) -> None:
        with self._changed:
            self._request_id = event["requestId"]
            for each in self._all.values():
                if "INVOKE" in each.events:
                    each.owed = event
            self._changed.notify_all()
            self._look()

    def shut_down(self, event: Message) -> list[str]:
        """Owe it to those who want to hear of it; return the names of all others that still run."""
        with self._changed:
            self._leaving = True
            for each in self._all.values():
                each.owed = event if "SHUTDOWN" in each.events else None
            self._changed.notify_all()
            return [each.name for each in self._all.values() if "SHUTDOWN" not in each.events and not each.ended]

    def leave(self) -> None:
        """What ends from now on was to end."""
        with self._changed:
            self._leaving = True

    def ended(self, name: str, how: str) -> None:
        """Its process is gone. `how`: as AWS words it."""
        with self._changed:
            extension = self._all[name]
            extension.ended = True
            self._changed.notify_all()
            if not extension.error:
                extension.state, extension.reason = "Exited", "Extension.Crash"
            self.fail(extension.error or "Extension.Crash", how)

    def not_launched(self, name: str, why: str, kind: str) -> None:
        extension = self._all[name]
        extension.state, extension.reason, extension.ended = "LaunchError", kind, True
        self.fail("Extension.LaunchError", why)

    def fail(self, kind: str, why: str) -> None:
        """Tell of the first failure only, and of none that was asked for."""
        with self._changed:
            if not self._failed and not self._leaving:
                self._failed = True
                self._tell({"failed": {"type": kind, "why": why}, "extensions": self._describe()})

    def insist(self) -> None:
        """Who has told of an error was to end: do not wait for it any longer."""
        with self._changed:
            for each in self._all.values():
                if each.error and not each.ended:
                    self.fail(each.error, each.reason)

    def await_ends(self, seconds: float) -> None:
        """Wait until all are gone, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: all(each.ended for each in self._all.values()), max(0.0, seconds))

    def _look(self) -> None:
        """Tell what has become true now that one more of them waits."""
        if not self._ready and all(each.waits for each in self._all.values()):
            self._ready = True
            self._tell({"ready": self._describe()})
        if self._request_id is not None and self._ready:
            asked = [each for each in self._all.values() if "INVOKE" in each.events]
            if all(each.waits and each.owed is None for each in asked):
                over, self._request_id = self._request_id, None
                self._tell({"done": over})

    def _describe(self) -> list[Message]:
        return [each.describe() for each in self._all.values()]


def identifier() -> str:
    """A UUID of version 4."""
    number = bytearray(os.urandom(16))
    number[6], number[8] = number[6] & 0x0F | 0x40, number[8] & 0x3F | 0x80
    text = number.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _asked_events(body: bytes) -> tuple[str, ...] | Reply:
    """The events of a registration, in AWS's order; none is a choice too."""
    try:
        asked = json.loads(body)["events"] or []
        wrong = next((str(each) for each in asked if each not in _EVENTS), None)
    except (ValueError, KeyError, TypeError):
        return Reply(b"403 Forbidden", _error("InvalidRequestFormat", 'The body must be {"events": [...]}'))
    if wrong is not None:
        return _refusal("InvalidEventType", f"Invalid event type: {wrong}")
    return tuple(event for event in _EVENTS if event in asked)


def _wrong_state(extension: Extension, target: str) -> Reply:
    text = f"State transition from {extension.state} to {target} failed for extension {extension.name}."
    return _refusal("InvalidExtensionState", f"{text} Error: State transition is not allowed")


def _refusal(kind: str, text: str) -> Reply:
    return Reply(b"403 Forbidden", _error(f"Extension.{kind}", text))


def _error(kind: str, text: str) -> bytes:
    return json.dumps({"errorMessage": text, "errorType": kind}).encode()
