"""Hears what the companion answered, and has the changes told before the answer goes on to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO
from xml.etree.ElementTree import Element

from invocations.decisions.object_records import ACL, DELETED, MARKED, TAGGED, UNTAGGED, Change
from invocations.flows import buckets, object_events
from invocations.flows.lineage import lineage_of
from invocations.flows.object_events import Origin
from invocations.wire.buckets import asked as operations
from invocations.wire.buckets import neighbour
from invocations.wire.buckets.asked import Asked
from invocations.wire.credentials import Identity
from invocations.wire.http import Request, Response
from invocations.wire.protocol.xml import children, local_name, parse, text_of

_REQUEST_BYTES = 4 * 1024 * 1024  # of DeleteObjects: a thousand keys, and room


@dataclass(frozen=True)
class Carried:
    """A request that was carried out; `sent` holds its body, `size` bytes."""

    asked: Asked
    identity: Identity
    sent: IO[bytes]
    size: int

    def document(self) -> Element | None:
        self.sent.seek(0)
        return parse(self.sent.read(_REQUEST_BYTES))


class Heard:
    """The same with what was answered."""

    def __init__(self, carried: Carried, response: Response) -> None:
        self.carried, self.asked, self.identity = carried, carried.asked, carried.identity
        self.headers = {name.lower(): value for name, value in response.headers}
        self.body = response.body if isinstance(response.body, bytes) else b"".join(response.body)

    @property
    def version_id(self) -> str:
        return _told(self.headers.get("x-amz-version-id", ""))

    @property
    def version_meant(self) -> str:
        """The version that was made or marked, else the one that was asked for."""
        return self.version_id or _told(self.asked.version_id)

    def document(self) -> Element | None:
        return parse(self.body)


def _told(version_id: str) -> str:
    """Records tell no version where none are kept."""
    return "" if version_id == "null" else version_id


def listen(request: Request, carried: Carried, response: Response) -> Response:
    """Return the answer for the client, once what it says is told. Raises ServiceFailure."""
    asked, account = carried.asked, carried.identity.account
    if asked.operation == operations.DELETE_BUCKET and response.status in (200, 204):
        buckets.forget(account, asked.bucket)
    reading = _READINGS.get(asked.operation)
    if reading is None or not 200 <= response.status < 400:
        return response
    bucket = object_events.listening(account, asked.bucket)
    if bucket is None:
        return response
    heard = Heard(carried, response)
    origin = _origin(request, heard)
    object_events.tell(bucket, list(reading(heard)), origin)
    given = [("x-amz-request-id", origin.request_id), ("x-amz-id-2", origin.host_id)]
    added = [(name, value) for name, value in given if name not in heard.headers]
    return Response(response.status, [*response.headers, *added], heard.body)


def _origin(request: Request, heard: Heard) -> Origin:
    identity = heard.identity
    return Origin(
        principal=_principal(identity),
        address=str(request.environ.get("REMOTE_ADDR") or "127.0.0.1"),
        request_id=heard.headers.get("x-amz-request-id") or buckets.request_id(),
        host_id=heard.headers.get("x-amz-id-2") or buckets.host_id(),
        trace_header=request.header("x-amzn-trace-id") or "",
        lineage=lineage_of(identity.caller(neighbour.DEFAULT_REGION)),
    )


def _principal(identity: Identity) -> str:
    """Functions by the name of their session, others by their account."""
    session = identity.arn.partition(":assumed-role/")[2]
    return f"AWS:{identity.account}:{session.partition('/')[2]}" if session else f"AWS:{identity.account}"


def _sent(name: str) -> Callable[[Heard], Iterable[Change]]:
    """An object that came with the request."""

    def read(heard: Heard) -> Iterable[Change]:
        etag = heard.headers.get("etag", "").strip('"')
        yield Change(name, heard.asked.key, heard.carried.size, etag, heard.version_id)

    return read


def _made(name: str) -> Callable[[Heard], Iterable[Change]]:
    """An object whose size only the companion knows. An error can hide behind a 200: then nothing was made."""

    def read(heard: Heard) -> Iterable[Change]:
        document = heard.document()
        if document is not None and local_name(document) == "Error":
            return
        facts = neighbour.facts_of(heard.identity, heard.asked, heard.version_id)
        etag = facts.etag or (text_of(document, "ETag") or "" if document is not None else "").strip('"')
        yield Change(name, heard.asked.key, facts.size, etag, heard.version_id)

    return read


def _changed(name: str) -> Callable[[Heard], Iterable[Change]]:
    """Something about an object, which stays as it is."""

    def read(heard: Heard) -> Iterable[Change]:
        version_id = heard.version_meant
        facts = neighbour.facts_of(heard.identity, heard.asked, version_id)
        yield Change(name, heard.asked.key, None, facts.etag, version_id)

    return read


def _deleted(heard: Heard) -> Iterable[Change]:
    """Without a version a deletion leaves a marker where versions are kept; with one it takes that version away."""
    marked = heard.headers.get("x-amz-delete-marker", "").lower() == "true" and not heard.asked.version_id
    yield Change(MARKED if marked else DELETED, heard.asked.key, version_id=heard.version_meant)


def _many_deleted(heard: Heard) -> Iterable[Change]:
    document, wanted = heard.document(), heard.carried.document()
    if document is None or wanted is None:
        return
    if (text_of(wanted, "Quiet") or "").strip().lower() == "true":
        yield from _quietly_deleted(heard, wanted, document)
        return
    for one in children(document, "Deleted"):
        key, version_id = text_of(one, "Key") or "", text_of(one, "VersionId") or ""
        marked = not version_id and (text_of(one, "DeleteMarker") or "").lower() == "true"
        name = MARKED if marked else DELETED
        yield Change(name, key, version_id=_told(version_id or text_of(one, "DeleteMarkerVersionId") or ""))


def _quietly_deleted(heard: Heard, wanted: Element, document: Element) -> Iterable[Change]:
    """The answer names failures only: all else of the request was deleted."""
    failed = {(text_of(one, "Key"), text_of(one, "VersionId") or "") for one in children(document, "Error")}
    marks = neighbour.versioned(heard.identity, heard.asked.bucket)
    for one in children(wanted, "Object"):
        key, version_id = text_of(one, "Key") or "", text_of(one, "VersionId") or ""
        if (key, version_id) not in failed:
            yield Change(MARKED if marks and not version_id else DELETED, key, version_id=_told(version_id))


_READINGS: dict[str, Callable[[Heard], Iterable[Change]]] = {
    operations.PUT: _sent("ObjectCreated:Put"),
    operations.COPY: _made("ObjectCreated:Copy"),
    operations.COMPLETE: _made("ObjectCreated:CompleteMultipartUpload"),
    operations.FORM: _sent("ObjectCreated:Post"),
    operations.DELETE: _deleted,
    operations.DELETE_MANY: _many_deleted,
    operations.TAG: _changed(TAGGED),
    operations.UNTAG: _changed(UNTAGGED),
    operations.ACL: _changed(ACL),
}
