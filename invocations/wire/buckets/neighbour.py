"""What we ask the companion ourselves in the course of a request: whether a bucket is there, and an object's facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.conf import settings

from invocations.errors import AccessDenied, Refusal, UnusablePart
from invocations.wire import proxy, sigv4
from invocations.wire.buckets.asked import Asked
from invocations.wire.credentials import Identity
from invocations.wire.http import Response

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Facts:
    """Of an object as it is now; None for a size that nobody told."""

    size: int | None = None
    etag: str = ""


def region_of(identity: Identity, bucket: str) -> str:
    """Return the bucket's region. Raises NoSuchBucket, UnusablePart."""
    status, headers = _head(identity, f"/{quote(bucket)}")
    if status == 404:
        raise no_such_bucket(bucket)
    if status in (401, 403):
        raise AccessDenied("Access Denied")
    if status >= 400:
        raise UnusablePart(f"The companion answered {status} when it was asked for the bucket.")
    return headers.get("x-amz-bucket-region") or DEFAULT_REGION


def no_such_bucket(bucket: str) -> Refusal:
    refusal = Refusal("The specified bucket does not exist", code="NoSuchBucket", extra={"BucketName": bucket})
    refusal.status = 404
    return refusal


def facts_of(identity: Identity, asked: Asked, version_id: str) -> Facts:
    """An object that is gone again has no facts; the change is told all the same."""
    target = f"/{quote(asked.bucket)}/{quote(asked.key)}"
    status, headers = _head(identity, target + (f"?versionId={quote(version_id)}" if version_id else ""))
    if status != 200:
        return Facts()
    length = headers.get("content-length", "")
    return Facts(int(length) if length.isdigit() else None, headers.get("etag", "").strip('"'))


def versioned(identity: Identity, bucket: str) -> bool:
    """Whether a deletion without a version leaves a marker."""
    answer = _ask("GET", identity, f"/{quote(bucket)}?versioning")
    return answer[0] == 200 and b"<Status>Enabled</Status>" in answer[2]


def _head(identity: Identity, target: str) -> tuple[int, Mapping[str, str]]:
    return _ask("HEAD", identity, target)[:2]


def put(
    identity: Identity, bucket: str, key: str, headers: Mapping[str, str], body: Iterable[bytes], length: int
) -> Response:
    """Store an object; the answer is whole."""
    target = f"/{quote(bucket)}/{quote(key)}"
    answer = proxy.send("PUT", target, _signed("PUT", identity, target, headers), body, length)
    answer.body = _whole(answer)
    return answer


def _ask(method: str, identity: Identity, target: str) -> tuple[int, Mapping[str, str], bytes]:
    answer = proxy.send(method, target, _signed(method, identity, target, {}))
    return answer.status, {name.lower(): value for name, value in answer.headers}, _whole(answer)


class _Signer(S3SigV4Auth):  # type: ignore[misc]
    """The body goes on as it is read: nobody has its hash beforehand."""

    def payload(self, request: AWSRequest) -> str:
        return sigv4.UNSIGNED


def _signed(method: str, identity: Identity, target: str, headers: Mapping[str, str]) -> dict[str, str]:
    """In path style and the account's name, signed: what stands there may look at signatures."""
    host = f"{settings.LAMBDAPLAY_HOST}:{settings.LAMBDAPLAY_PORT}"
    asked = AWSRequest(method, f"http://{host}{target}", headers={"Host": host, **headers})
    _Signer(Credentials(identity.account, identity.secret), "s3", DEFAULT_REGION).add_auth(asked)
    kept = {name.lower(): value for name, value in asked.headers.items()}
    if settings.LAMBDAPLAY_COMPANION == "moto":
        kept["x-moto-account-id"] = identity.account
    return kept


def _whole(answer: Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
