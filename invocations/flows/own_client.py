"""An SDK client of our own endpoint, for what this server reads from the companion like any client would."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config
from django.conf import settings

from invocations import clock, session_keys
from invocations.values import Scope

KEY_SECONDS = 3600  # longer than any one use
_WAIT = Config(connect_timeout=2, read_timeout=20, retries={"max_attempts": 1}, s3={"addressing_style": "path"})


def own_client(service: str, scope: Scope) -> Any:
    """A boto3 client with a session key of the server's own, in that account and region."""
    expires = int(clock.real().timestamp()) + KEY_SECONDS
    key = session_keys.own(settings.LAMBDAPLAY_SECRETS.session_key_seed, scope.account, scope.region, expires)
    return boto3.client(
        service,
        endpoint_url=settings.LAMBDAPLAY_URL,
        region_name=scope.region,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        aws_session_token=key.token,
        config=_WAIT,
    )
