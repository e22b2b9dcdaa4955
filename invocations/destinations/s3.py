"""A bucket: the record becomes an object. For failures only, as on AWS; no bucket is needed before it is used."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations import neighbours
from invocations.arns import Arn
from invocations.destinations.base import ON_FAILURE, Attributes, Context, Destination, Undeliverable
from invocations.records import s3_object_key


def send(arn: Arn, body: bytes, attributes: Attributes, context: Context) -> None:
    """Put the object through our own endpoint, like any client; a repeat overwrites it."""
    key = context.options.get("key") or s3_object_key(context.function, context.at, context.key)
    try:
        client = neighbours.own_client("s3", context.scope)
        client.put_object(Bucket=arn.resource, Key=key, Body=body, ContentType="application/json")
    except ClientError as error:
        told = error.response.get("Error", {})
        raise Undeliverable(f"S3 answered {told.get('Code', '?')}: {told.get('Message', '')}") from error
    except BotoCoreError as error:
        raise Undeliverable(f"S3 did not answer: {error}") from error


def problem(arn: Arn) -> str:
    if settings.LAMBDAPLAY_COMPANION == "none":
        return "lambdaplay does not deliver to S3 while LAMBDAPLAY_COMPANION is 'none'"
    return ""


DESTINATION = Destination("s3", frozenset({ON_FAILURE}), send, problem)
