"""Code that a request names by bucket and key: read through our own endpoint, like any client would."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations import limits
from invocations.errors import InvalidParameterValue, UnsupportedOption
from invocations.flows.own_client import own_client
from invocations.values import Scope

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
        answer = own_client("s3", scope).get_object(**wanted)
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
