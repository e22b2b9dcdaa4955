"""The documents that S3 makes of a change to an object: for functions, queues and topics, and for event buses. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from invocations.decisions.event_envelope import Envelope, seal
from invocations.records import timestamp

SOURCE = "aws.s3"
SUBJECT = "Amazon S3 Notification"  # of what topics get
DELETED, MARKED = "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"
TAGGED, UNTAGGED, ACL = "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectAcl:Put"
_EMPTY_ETAG = hashlib.md5(b"", usedforsecurity=False).hexdigest()
# Newer kinds of events have records of a newer version.
_VERSIONS = {"ObjectTagging": "2.3", "ObjectAcl": "2.3"}
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging:Put": "Object Tags Added",
    "ObjectTagging:Delete": "Object Tags Deleted",
    "ObjectAcl": "Object ACL Updated",
}
_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    DELETED: "DeleteObject",
    MARKED: "DeleteObject",
}


@dataclass(frozen=True)
class Change:
    """What happened to one object. `size` in bytes, None where records tell none; "" is what is not known."""

    name: str  # "ObjectCreated:Put"
    key: str  # as it is, not encoded
    size: int | None = None
    etag: str = ""  # without quotes
    version_id: str = ""
    # A number of the sender's own (16 or 18 hexadecimal digits) where the change was made in another object store.
    sequencer: str = ""

    @property
    def family(self) -> str:
        return self.name.partition(":")[0]


@dataclass(frozen=True)
class About:
    """Everything else that a record tells."""

    bucket: str
    account: str
    region: str
    principal: str
    address: str  # of the sender
    request_id: str
    host_id: str
    at: datetime
    sequencer: str


def bucket_arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def sequencer_text(number: int) -> str:
    """Hexadecimal, of one length: of one key the later is the greater, as text too."""
    return f"{number:018X}"


def record(change: Change, about: About, rule_id: str) -> bytes:
    """Return what a rule's target gets: one record, in AWS's order of members."""
    told: dict[str, Any] = {"key": quote_plus(change.key, safe="/")}
    if change.family == "ObjectCreated":
        told["size"] = change.size or 0
    if change.family != "ObjectRemoved":
        told["eTag"] = change.etag
    if change.version_id:
        told["versionId"] = change.version_id
    if change.family in ("ObjectCreated", "ObjectRemoved"):
        told["sequencer"] = about.sequencer
    return _compact({"Records": [{**_head(change, about), "s3": {**_where(about, rule_id), "object": told}}]})


def _head(change: Change, about: About) -> dict[str, Any]:
    return {
        "eventVersion": _VERSIONS.get(change.family, "2.1"),
        "eventSource": "aws:s3",
        "awsRegion": about.region,
        "eventTime": timestamp(about.at),
        "eventName": change.name,
        "userIdentity": {"principalId": about.principal},
        "requestParameters": {"sourceIPAddress": about.address},
        "responseElements": {"x-amz-request-id": about.request_id, "x-amz-id-2": about.host_id},
    }


def _where(about: About, rule_id: str) -> dict[str, Any]:
    return {
        "s3SchemaVersion": "1.0",
        "configurationId": rule_id,
        "bucket": {
            "name": about.bucket,
            "ownerIdentity": {"principalId": owner_id(about.account)},
            "arn": bucket_arn(about.bucket),
        },
    }


def owner_id(account: str) -> str:
    """An account's customer id, in the form that AWS's have."""
    return "A" + hashlib.sha256(f"owner of {account}".encode()).hexdigest()[:13].upper()


def envelope(change: Change, about: About, event_id: str) -> Envelope:
    """Return the event that a bus gets. Its key is not encoded."""
    kinds = (_DETAIL_TYPES.get(change.name), _DETAIL_TYPES.get(change.family))
    sealed = seal(
        event_id,
        SOURCE,
        next(kind for kind in kinds if kind),
        json.dumps(_detail(change, about), ensure_ascii=False),
        account=about.account,
        region=about.region,
        at=about.at,
        resources=[bucket_arn(about.bucket)],
    )
    assert sealed is not None  # the detail is ours
    return sealed


def _detail(change: Change, about: About) -> dict[str, Any]:
    etag = change.etag or (_EMPTY_ETAG if change.name == MARKED else "")
    told = {
        "key": change.key,
        "size": change.size or 0,
        "etag": etag,
        "version-id": change.version_id,
        "sequencer": about.sequencer,
    }
    created, removed = change.family == "ObjectCreated", change.family == "ObjectRemoved"
    left_out = {"size"} if not created else set()
    left_out |= set() if created or removed else {"sequencer"}
    detail = {
        "version": "0",
        "bucket": {"name": about.bucket},
        "object": {name: value for name, value in told.items() if name not in left_out and value != ""},
        "request-id": about.request_id,
        "requester": about.account,
        "source-ip-address": about.address,
    }
    if change.name in _REASONS:
        detail["reason"] = _REASONS[change.name]
    if removed:
        detail["deletion-type"] = "Delete Marker Created" if change.name == MARKED else "Permanently Deleted"
    return detail


def trial_message(bucket: str, at: datetime, request_id: str, host_id: str) -> bytes:
    """Return what a queue or topic gets when it is configured."""
    return _compact(
        {
            "Service": "Amazon S3",
            "Event": "s3:TestEvent",
            "Time": timestamp(at),
            "Bucket": bucket,
            "RequestId": request_id,
            "HostId": host_id,
        }
    )


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
