"""Sources at other people's endpoints (AWS, another emulator), which LAMBDAPLAY_SOURCES names.

Credentials stand in the URL, or come from where the SDK finds them: the server's environment, ~/.aws, a profile.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations.arns import Arn, parse_arn
from invocations.decisions.source_places import Endpoint, endpoint_of
from invocations.sources.base import SourceBusy, SourceTrouble

# One retry of a lost connection; a refusal is for the poller, which backs off and says so. An AWS_ENDPOINT_URL in the
# server's environment would lead back here.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=25,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,
    ignore_configured_endpoint_urls=True,
)

_BUSY = frozenset(
    (
        "KMSThrottlingException",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestThrottled",
        "RequestThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)


class Refused(SourceTrouble):
    """The endpoint answered with an error."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} was answered {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


def ask(service: str, arn: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call one operation (named as boto3's method). Raises Refused, SourceBusy, SourceTrouble."""
    try:
        answer: dict[str, Any] = getattr(client(service, arn), operation)(**parameters)
    except ClientError as error:
        told = error.response.get("Error", {})
        name, code, message = error.operation_name, told.get("Code", "?"), told.get("Message", "")
        if code in _BUSY:
            raise SourceBusy(f"{name} was throttled ({code}): {message}") from error
        raise Refused(name, code, message) from error
    except (BotoCoreError, ValueError) as error:  # ValueError: a URL or region that the SDK cannot use
        raise SourceTrouble(f"{service} at {_shown(arn)} did not answer: {error}") from error
    return answer


def _shown(arn: str) -> str:
    place = endpoint(arn)
    return (place and place.url) or "AWS"


def endpoint(arn: str) -> Endpoint | None:
    """Whose endpoint has the source of this ARN; None: ours."""
    parts = parse_arn(arn) if settings.LAMBDAPLAY_SOURCES else None
    return None if parts is None else endpoint_of(settings.LAMBDAPLAY_SOURCES, parts.service, arn)


def client(service: str, arn: str) -> Any:
    """A boto3 client for that endpoint, in the ARN's region. Raises botocore's errors (an unknown profile)."""
    place, parts = endpoint(arn), parse_arn(arn)
    assert place is not None and parts is not None
    return _client(service, place, parts.region)


@lru_cache(64)
def _client(service: str, place: Endpoint, region: str) -> Any:
    key_id, secret = place.key or (None, None)
    session = boto3.session.Session(profile_name=place.profile or None)
    return session.client(
        service,
        endpoint_url=place.url,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=_CONFIG,
    )


def owner(arn: str) -> Arn:
    """The ARN of a source elsewhere, taken apart."""
    parts = parse_arn(arn)
    assert parts is not None
    return parts
