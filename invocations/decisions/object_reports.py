"""What another object store reports of changes to its objects: S3's records, as MinIO and others post them. Pure.

MinIO names events with their `s3:`, gives tags' changes names of its own and puts bucket and key beside the records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from invocations.decisions.object_records import TAGGED, UNTAGGED, Change
from invocations.decisions.object_rules import OFFERED

_ALIASES = {"ObjectCreated:PutTagging": TAGGED, "ObjectCreated:DeleteTagging": UNTAGGED}
_KNOWN = frozenset(name.removeprefix("s3:") for name in OFFERED if not name.endswith("*"))
RECORDS = 1000  # of one report
_TEXT = 256  # characters of ids and addresses


class BadReport(ValueError):
    """It is no report; the sentence says why."""


@dataclass(frozen=True)
class Report:
    """One change, and what the store says of its origin."""

    bucket: str
    change: Change
    principal: str
    address: str
    request_id: str


def read(document: Any) -> list[Report]:
    """Return the changes that can be told; records of other events (reading, replication ...) are left out."""
    records = document.get("Records") if isinstance(document, dict) else None
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise BadReport("The body is a JSON object with Records, a list of S3 event records.")
    if len(records) > RECORDS:
        raise BadReport(f"A report has at most {RECORDS} records; this one has {len(records)}.")
    found = [_report(one) for one in records]
    return [one for one in found if one is not None]


def _report(record: Mapping[str, Any]) -> Report | None:
    name = _text(record, "eventName").removeprefix("s3:")
    name = _ALIASES.get(name, name)
    if name not in _KNOWN:
        return None
    told = _part(record, "s3")
    thing = _part(told, "object")
    bucket, key = _text(_part(told, "bucket"), "name"), unquote_plus(_text(thing, "key", 4096))
    if not bucket or not key:
        raise BadReport("A record lacks s3.bucket.name or s3.object.key.")
    size = thing.get("size")
    change = Change(
        name=name,
        key=key,
        size=size if isinstance(size, int) and size >= 0 and name.startswith("ObjectCreated:") else None,
        etag=_text(thing, "eTag")[:128].strip('"'),
        version_id=_text(thing, "versionId"),
        sequencer=_text(thing, "sequencer")[:32],
    )
    return Report(
        bucket=bucket,
        change=change,
        principal=_text(_part(record, "userIdentity"), "principalId"),
        address=_text(_part(record, "requestParameters"), "sourceIPAddress"),
        request_id=_text(_part(record, "responseElements"), "x-amz-request-id"),
    )


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = whole.get(name)
    return found if isinstance(found, dict) else {}


def _text(whole: Mapping[str, Any], name: str, characters: int = _TEXT) -> str:
    """A text member, bounded, and without what databases refuse; "" when it is not there."""
    found = whole.get(name)
    return found.replace("\0", "")[:characters] if isinstance(found, str) else ""
