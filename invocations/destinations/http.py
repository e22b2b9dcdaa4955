"""An HTTP or HTTPS endpoint: one POST, answered within 15 seconds by a status of success.

Options: `header:<Name>` is a header; `network` "public" keeps it from this machine and private networks. Redirects are
not followed: the endpoint that was subscribed gets the message, or nobody.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from invocations.arns import Arn
from invocations.destinations.base import Attributes, Context, Destination, Undeliverable
from invocations.engines.sns import endpoints
from invocations.engines.sns.limits import HTTP_SECONDS

AGENT = "Amazon Simple Notification Service Agent"
_HEADER = "header:"
_TOO_MANY_REQUESTS = 429
_READ = 4096  # bytes of an answer that are looked at


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Post. Server errors, 429 and silence may pass; any other answer stays as it is, and so nobody asks again."""
    parts = urlsplit(arn.text)
    connection = _connection(parts, by_function=context.options.get("network") == "public")
    try:
        with _Deadline(connection):
            connection.request("POST", _path(parts), body, _headers(parts, context.options))
            answer = connection.getresponse()
            status, said = answer.status, answer.read(_READ)
    except (OSError, http.client.HTTPException) as error:
        raise Undeliverable(f"{parts.netloc} did not answer: {_reason(error)}") from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        shown = " ".join(said.decode("utf-8", "replace").split())[:200]
        passing = status >= 500 or status == _TOO_MANY_REQUESTS
        raise Undeliverable(f"{parts.netloc} answered {status} {shown}".strip(), permanent=not passing)


class _Deadline:
    """Cuts a connection when its time is over; a socket's own timeout starts anew with each byte."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._over = False
        self._timer = threading.Timer(HTTP_SECONDS, self._cut)
        self._timer.daemon = True

    def _cut(self) -> None:
        self._over = True
        if self._connection.opened is not None:
            with suppress(OSError):
                self._connection.opened.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        if self._over or isinstance(error, TimeoutError):
            raise TimeoutError(f"its time of {HTTP_SECONDS} s is over") from error


def _connection(parts: SplitResult, by_function: bool) -> _Connection:
    """A connection to an address that may be connected to; it was judged itself, and no name is looked up again."""
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    try:
        addresses = endpoints.addresses(host, port, by_function)
    except PermissionError as refusal:
        raise Undeliverable(f"{refusal}.", permanent=True) from refusal
    except OSError as error:
        raise Undeliverable(f"{host} could not be found: {_reason(error)}") from error
    if secure:
        return _SecureConnection(host, port, addresses)
    return _PlainConnection(host, port, addresses)


class _PlainConnection(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, addresses: list[str]) -> None:
        super().__init__(host, port, timeout=HTTP_SECONDS)
        self._addresses = addresses
        self.opened: socket.socket | None = None  # also while only the answer still reads from it

    def connect(self) -> None:
        self.sock = self.opened = _open(self._addresses, self.port)


class _SecureConnection(http.client.HTTPSConnection):
    def __init__(self, host: str, port: int, addresses: list[str]) -> None:
        self._verifying = ssl.create_default_context()
        super().__init__(host, port, timeout=HTTP_SECONDS, context=self._verifying)
        self._addresses = addresses
        self.opened: socket.socket | None = None

    def connect(self) -> None:
        self.opened = _open(self._addresses, self.port)
        self.sock = self.opened = self._verifying.wrap_socket(self.opened, server_hostname=self.host)


_Connection = _PlainConnection | _SecureConnection


def _open(addresses: list[str], port: int) -> socket.socket:
    """Connect to the first address that answers. Raises OSError."""
    trouble: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=HTTP_SECONDS)
        except OSError as error:
            trouble = error
    raise trouble


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(parts: SplitResult, options: Mapping[str, str]) -> dict[str, str]:
    own = {name.removeprefix(_HEADER): value for name, value in options.items() if name.startswith(_HEADER)}
    return {"Host": parts.netloc.rpartition("@")[2], "User-Agent": AGENT, "Connection": "close", **own}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


DESTINATION = Destination("http", frozenset(), send)
