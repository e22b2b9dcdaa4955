"""A bucket: the record becomes an object. For failures only, as on AWS; no bucket is needed before it is used."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations.arns import Arn
from invocations.destinations.base import ON_FAILURE, Attributes, Context, Destination, Undeliverable
from invocations.records import s3_object_key
from invocations.values import Scope

_WAIT = Config(connect_timeout=2, read_timeout=20, retries={"max_attempts": 1}, s3={"addressing_style": "path"})


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Put the object through our own endpoint, like any client; a repeat overwrites it."""
    key = s3_object_key(context.function, context.at, context.key)
    try:
        _client(context.scope).put_object(Bucket=arn.resource, Key=key, Body=body, ContentType="application/json")
    except ClientError as error:
        told = error.response.get("Error", {})
        raise Undeliverable(f"S3 answered {told.get('Code', '?')}: {told.get('Message', '')}") from error
    except BotoCoreError as error:
        raise Undeliverable(f"S3 did not answer: {error}") from error


def problem(arn: Arn) -> str:
    if settings.LAMBDAPLAY_COMPANION == "none":
        return "lambdaplay does not deliver to S3 while LAMBDAPLAY_COMPANION is 'none'"
    return ""


@lru_cache(32)
def _client(scope: Scope) -> Any:
    # On loopback a key of twelve digits names its account; elsewhere there is the one account of the configured key.
    other = settings.LAMBDAPLAY_LOOPBACK and scope.account != settings.LAMBDAPLAY_ACCOUNT
    return boto3.session.Session().client(
        "s3",
        endpoint_url=settings.LAMBDAPLAY_URL,
        region_name=scope.region,
        aws_access_key_id=scope.account if other else settings.LAMBDAPLAY_ACCESS_KEY_ID,
        aws_secret_access_key="test" if other else settings.LAMBDAPLAY_SECRET_ACCESS_KEY,
        config=_WAIT,
    )


DESTINATION = Destination("s3", frozenset({ON_FAILURE}), send, problem)
