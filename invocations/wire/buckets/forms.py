"""Browser uploads: a form with a file and a signed policy, posted to a bucket. The companion gets a plain PUT of it."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from typing import IO
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from invocations import clock
from invocations.decisions import post_policy
from invocations.decisions.object_rules import invalid
from invocations.errors import AccessDenied, Refusal, SignatureRefused, UnsupportedOption
from invocations.wire import sigv4
from invocations.wire.credentials import Identity, identify
from invocations.wire.http import Response
from invocations.wire.protocol.xml import escape

HEAD_BYTES = 256 * 1024  # of all that stands before the file
_FILENAME = "${filename}"
_HEADERS = frozenset(
    (
        "cache-control",
        "content-type",
        "content-disposition",
        "content-encoding",
        "expires",
        "x-amz-storage-class",
        "x-amz-server-side-encryption",
        "x-amz-website-redirect-location",
    )
)
_FAMILIES = ("x-amz-meta-", "x-amz-checksum-")
_OWN = frozenset(("x-amz-signature", "x-amz-credential", "x-amz-algorithm", "x-amz-date", "x-amz-security-token"))
_NAME = re.compile(r"[a-z0-9._-]+")
_TEXT = "The body of your POST request is not well-formed multipart/form-data."


@dataclass(frozen=True)
class Form:
    """`fields` by lower-case name; the file begins at `start` of the body, and ends before the last `delimiter`."""

    fields: Mapping[str, str]
    start: int
    delimiter: bytes

    @property
    def key(self) -> str:
        return self.fields["key"]

    def headers(self) -> dict[str, str]:
        """What the object is to be stored with. Raises UnsupportedOption, InvalidArgument."""
        kept = {"x-amz-acl": self.fields["acl"]} if "acl" in self.fields else {}
        for name, value in self.fields.items():
            if name in _HEADERS or name.startswith(_FAMILIES):
                kept[name] = value
            elif name == "tagging" or (name.startswith("x-amz-") and name not in _OWN):
                raise UnsupportedOption(f"lambdaplay does not offer the form field {name[:64]}.")
        for name, value in kept.items():
            if not _NAME.fullmatch(name) or not value.isprintable():
                raise invalid("A form field cannot be stored as a header.", name[:64], "")
        return kept


def read(head: bytes, content_type: str) -> Form:
    """Find the fields, and where the file begins, in the first HEAD_BYTES of a body.

    Raises MalformedPOSTRequest, InvalidArgument, IncorrectNumberOfFilesInPostRequest.
    """
    boundary = b"--" + _boundary(content_type)
    place, fields = head.find(boundary), dict[str, str]()
    while place >= 0:
        begin = head.find(b"\r\n\r\n", place)
        part = _part(head[place + len(boundary) : begin]) if begin >= 0 else None
        if part is None:
            break
        name = str(part.get_param("name", "", "content-disposition")).lower()
        if name == "file":
            name_of_file = re.split(r"[/\\]", part.get_filename() or "")[-1]
            return _checked(fields, name_of_file, begin + 4, b"\r\n" + boundary)
        place = head.find(b"\r\n" + boundary, begin + 2)
        if place >= 0:
            fields[name] = head[begin + 4 : place].decode("utf-8", "replace")
            place += 2
    raise Refusal("POST requires exactly one file upload per request.", code="IncorrectNumberOfFilesInPostRequest")


def _boundary(content_type: str) -> bytes:
    header = Message()
    header["content-type"] = content_type
    found = header.get_param("boundary")
    if not isinstance(found, str) or not found:
        raise Refusal(_TEXT, code="MalformedPOSTRequest")
    return found.encode("latin-1", "replace")


def _part(lines: bytes) -> Message | None:
    """The headers of a part; None when it has none (the end)."""
    found = BytesParser().parsebytes(lines.removeprefix(b"\r\n"), headersonly=True)
    return found if found["content-disposition"] else None


def size_of(form: Form, file: IO[bytes], size: int) -> int:
    """How long the file is, in a body of that size: it is the last part. Raises MalformedPOSTRequest."""
    tail = min(size, len(form.delimiter) + 1024)
    file.seek(size - tail)
    place = file.read(tail).rfind(form.delimiter + b"--")
    if place < 0 or size - tail + place < form.start:
        raise Refusal(_TEXT, code="MalformedPOSTRequest")
    return size - tail + place - form.start


def _checked(fields: Mapping[str, str], name_of_file: str, start: int, delimiter: bytes) -> Form:
    key = fields.get("key", "").replace(_FILENAME, name_of_file)
    if not key:
        raise invalid(
            "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
            "key",
        )
    return Form({**fields, "key": key}, start, delimiter)


def verify(form: Form) -> Identity:
    """Return whose key signed the policy. Raises SignatureRefused, AccessDenied."""
    fields = form.fields
    policy = fields.get("policy", "")
    if not policy:
        raise AccessDenied("Access Denied")
    token = fields.get("x-amz-security-token")
    if "x-amz-signature" in fields:
        return _verify_4(fields, policy, token)
    identity = identify(fields.get("awsaccesskeyid", ""), token)
    ours = base64.b64encode(hmac.digest(identity.secret.encode(), policy.encode(), "sha1"))
    if not hmac.compare_digest(ours, fields.get("signature", "").encode("utf-8", "replace")):
        raise SignatureRefused(sigv4.MISMATCH)
    identity.used("s3", "us-east-1")
    return identity


def check(form: Form, bucket: str, size: int) -> None:
    """Hold the form against its policy. Raises what S3 answers."""
    # Real time: how long a signature is good does not follow the product clock.
    post_policy.check(form.fields["policy"], {**form.fields, "bucket": bucket}, size, clock.real())


def _verify_4(fields: Mapping[str, str], policy: str, token: str | None) -> Identity:
    parts = fields.get("x-amz-credential", "").split("/")
    if len(parts) != 5 or fields.get("x-amz-algorithm") != sigv4.ALGORITHM or parts[3:] != ["s3", sigv4.TERMINATOR]:
        raise SignatureRefused(sigv4.MISMATCH)
    identity = identify(parts[0], token)
    ours = sigv4.seal(sigv4.signing_key(identity.secret, *parts[1:4]), policy)
    if not hmac.compare_digest(ours.encode(), fields["x-amz-signature"].encode("utf-8", "replace")):
        raise SignatureRefused(sigv4.MISMATCH)
    identity.used("s3", parts[2])
    return identity


def answer(form: Form, bucket: str, stored: Response, base: str) -> Response:
    """What the poster hears: 204, or what the form asked for."""
    told = {name.lower(): value for name, value in stored.headers}
    location = f"{base}/{quote(bucket)}/{quote(form.key)}"
    kept = [(name, told[name]) for name in ("etag", "x-amz-version-id") if name in told]
    redirect = form.fields.get("success_action_redirect") or form.fields.get("redirect")
    if redirect and urlsplit(redirect).scheme in ("http", "https"):
        place = _redirected(redirect, bucket, form.key, told.get("etag", ""))
        return Response(303, [*kept, ("Location", place), ("Content-Length", "0")])
    headers = [*kept, ("Location", location)]
    status = form.fields.get("success_action_status")
    if status == "201":
        body = _document(bucket, form.key, location, told.get("etag", ""))
        return Response(201, [*headers, ("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body)
    return Response(200, [*headers, ("Content-Length", "0")]) if status == "200" else Response(204, headers)


def _redirected(address: str, bucket: str, key: str, etag: str) -> str:
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("bucket", bucket), ("key", key), ("etag", etag)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _document(bucket: str, key: str, location: str, etag: str) -> bytes:
    members = {"Location": location, "Bucket": bucket, "Key": key, "ETag": etag}
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{inside}</PostResponse>'.encode()
