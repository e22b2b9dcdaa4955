"""PutBucketNotificationConfiguration and GetBucketNotificationConfiguration, with their older forms: ours."""

from __future__ import annotations

from invocations.errors import AccessDenied
from invocations.flows import buckets
from invocations.values import Scope
from invocations.wire.buckets import configuration, neighbour
from invocations.wire.buckets.asked import PUT_NOTIFICATION, Asked
from invocations.wire.credentials import Identity
from invocations.wire.http import Request, Response


def answer(request: Request, asked: Asked, identity: Identity, body: bytes) -> Response:
    """Raises what S3 answers."""
    owner = request.header("x-amz-expected-bucket-owner")
    if owner is not None and owner != identity.account:
        raise AccessDenied("Access Denied")
    region = neighbour.region_of(identity, asked.bucket)
    headers = [("x-amz-request-id", buckets.request_id()), ("x-amz-id-2", buckets.host_id())]
    if asked.operation != PUT_NOTIFICATION:
        document = configuration.write(buckets.get(identity.account, asked.bucket))
        headers += [("Content-Type", "application/xml"), ("Content-Length", str(len(document)))]
        return Response(200, headers, document)
    skip = (request.header("x-amz-skip-destination-validation") or "").lower() == "true"
    buckets.put(Scope(identity.account, region), asked.bucket, configuration.read(body), skip_validation=skip)
    return Response(200, [*headers, ("Content-Length", "0")])
