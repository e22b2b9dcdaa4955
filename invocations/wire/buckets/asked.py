"""What an S3 request asks for: bucket and key, in either style, and the operation, as far as it is of interest here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from invocations.wire.http import Request

PUT, COPY, COMPLETE, FORM = "PutObject", "CopyObject", "CompleteMultipartUpload", "PostObject"
DELETE, DELETE_MANY = "DeleteObject", "DeleteObjects"
TAG, UNTAG, ACL = "PutObjectTagging", "DeleteObjectTagging", "PutObjectAcl"
PUT_NOTIFICATION, GET_NOTIFICATION = "PutBucketNotificationConfiguration", "GetBucketNotificationConfiguration"
DELETE_BUCKET = "DeleteBucket"

NOTIFICATIONS = frozenset((PUT_NOTIFICATION, GET_NOTIFICATION))
# Query parts that say how or by whom. Any other says that it is not (only) about the object or bucket itself.
_ABOUT = re.compile(r"x-id|versionId|x-amz-.*|awsaccesskeyid|signature|expires", re.I)
_VIRTUAL = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]?)\.localhost(?::\d+)?", re.I)
_BUCKET_PATH = re.compile(r"/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SERVICE_PART = re.compile(r"(?:^|\.)s3(?:[.-][a-z0-9-]+)?$", re.I)


@dataclass(frozen=True)
class Asked:
    """`operation` is "" when nothing here depends on it; `key` is decoded, "" for requests about the bucket.

    `version_id` as it was asked for: "null" is the version of times when none were kept.
    """

    operation: str
    bucket: str
    key: str = ""
    version_id: str = ""


def read(request: Request) -> Asked:
    bucket, key = place(request.header("host") or "", request.path)
    fields = dict(parse_qsl(request.query, keep_blank_values=True, max_num_fields=1000)) if request.query else {}
    parts = frozenset(name for name in fields if not _ABOUT.fullmatch(name))
    operation = _of_object(request, parts) if key else _of_bucket(request, parts)
    return Asked(operation if bucket else "", bucket, key, fields.get("versionId", ""))


def place(host: str, path: str) -> tuple[str, str]:
    """Return bucket and decoded key of a request, wherever the bucket stands; "" is none."""
    bucket = bucket_in_host(host)
    if bucket:
        return bucket, unquote(path[1:])
    bucket, _, key = path[1:].partition("/")
    return unquote(bucket), unquote(key)


def bucket_in_host(host: str) -> str:
    """The bucket of `b.localhost`, `b.s3.localhost`, `b.s3.eu-west-1.localhost`; "" when there is none."""
    found = _VIRTUAL.fullmatch(host)
    return "" if found is None else _SERVICE_PART.sub("", found["bucket"])


def _of_object(request: Request, parts: frozenset[str]) -> str:
    method = request.method
    if method == "PUT" and not parts:
        return PUT if request.header("x-amz-copy-source") is None else COPY
    if method == "DELETE" and not parts:
        return DELETE
    if method == "POST" and parts == {"uploadId"}:
        return COMPLETE
    table = {("PUT", "tagging"): TAG, ("DELETE", "tagging"): UNTAG, ("PUT", "acl"): ACL}
    return next((name for (verb, part), name in table.items() if verb == method and parts == {part}), "")


def _of_bucket(request: Request, parts: frozenset[str]) -> str:
    method = request.method
    if parts == {"notification"}:
        return {"PUT": PUT_NOTIFICATION, "GET": GET_NOTIFICATION}.get(method, "")
    if method == "POST" and parts == {"delete"}:
        return DELETE_MANY
    if is_form(request):
        return FORM
    return DELETE_BUCKET if method == "DELETE" and not parts else ""


def is_form(request: Request) -> bool:
    """A browser's upload: a form with a file posted to a bucket's own address (pages of ours end with a slash)."""
    if request.method != "POST" or not (request.header("content-type") or "").lower().startswith("multipart/form-data"):
        return False
    if bucket_in_host(request.header("host") or ""):
        return request.path == "/"
    return _BUCKET_PATH.fullmatch(request.path) is not None
