"""Code that a request names by bucket and key: read through our own endpoint, like any client would."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations import limits
from invocations.errors import InvalidParameterValue, UnsupportedOption
from invocations.values import Scope

_WAIT = Config(connect_timeout=2, read_timeout=20, retries={"max_attempts": 1}, s3={"addressing_style": "path"})
_SENTENCES = {
    "NoSuchKey": "The specified key does not exist.",
    "NoSuchBucket": "The specified bucket does not exist",
}


def fetch_object(scope: Scope, bucket: str, key: str, version: str | None = None) -> bytes:
    """Return an object's bytes.

    Raises InvalidParameterValue with AWS's text when S3 refuses, UnsupportedOption when no S3 stands behind us.
    """
    if settings.LAMBDAPLAY_COMPANION == "none":
        raise UnsupportedOption("lambdaplay does not support S3Bucket and S3Key while LAMBDAPLAY_COMPANION is 'none'.")
    wanted = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version is not None else {})}
    try:
        answer = _client(scope).get_object(**wanted)
        if answer["ContentLength"] > limits.UNZIPPED_BYTES:
            raise InvalidParameterValue(f"Unzipped size must be smaller than {limits.UNZIPPED_BYTES} bytes")
        return bytes(answer["Body"].read())
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        sentence = _SENTENCES.get(code, error.response["Error"].get("Message", ""))
        raise InvalidParameterValue(_refused(code, sentence)) from error
    except BotoCoreError as error:
        raise InvalidParameterValue(_refused("ServiceUnavailable", "S3 did not answer.")) from error


def _refused(code: str, sentence: str) -> str:
    return f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {sentence}"


def _client(scope: Scope) -> Any:
    # On loopback a key of twelve digits names its account; elsewhere there is the one account of the configured key.
    other = settings.LAMBDAPLAY_LOOPBACK and scope.account != settings.LAMBDAPLAY_ACCOUNT
    return boto3.client(
        "s3",
        endpoint_url=settings.LAMBDAPLAY_URL,
        region_name=scope.region,
        aws_access_key_id=scope.account if other else settings.LAMBDAPLAY_ACCESS_KEY_ID,
        aws_secret_access_key="test" if other else settings.LAMBDAPLAY_SECRET_ACCESS_KEY,
        config=_WAIT,
    )
