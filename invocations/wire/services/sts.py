"""STS: who am I, and credentials that end by themselves."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Callable
from typing import Any

from invocations.errors import UnsupportedOption
from invocations.flows import temporary_keys
from invocations.models import TemporaryKey
from invocations.wire.call import Answer, Call

SERVICE = "sts"
MODEL = "sts"

# A trust policy would look at it, and those are not evaluated: it is accepted, as by a role that does not ask for it.
_WITHOUT_EFFECT = ("ExternalId",)


def get_caller_identity(call: Call) -> Answer:
    caller = call.caller
    user_id = caller.environment_id or caller.scope.account
    if caller.name.startswith("ASIA") and not caller.environment_id and ":assumed-role/" in caller.arn:
        user_id = _assumed_role_id(caller.arn)
    return Answer({"UserId": user_id, "Account": caller.scope.account, "Arn": caller.arn})


def assume_role(call: Call) -> Answer:
    params = call.params
    _refuse_others(call, "RoleArn", "RoleSessionName", "DurationSeconds", *_WITHOUT_EFFECT)
    row = temporary_keys.assume_role(
        call.caller, params["RoleArn"], params["RoleSessionName"], params.get("DurationSeconds")
    )
    assumed = {"AssumedRoleId": _assumed_role_id(row.arn), "Arn": row.arn}
    return Answer({"Credentials": _credentials(row), "AssumedRoleUser": assumed})


def get_session_token(call: Call) -> Answer:
    _refuse_others(call, "DurationSeconds")
    return Answer(
        {"Credentials": _credentials(temporary_keys.session_token(call.caller, call.params.get("DurationSeconds")))}
    )


def _refuse_others(call: Call, *offered: str) -> None:
    for name in call.params:
        if name not in offered:
            raise UnsupportedOption(f"lambdaplay does not offer {name} of {call.operation}.")


def _credentials(row: TemporaryKey) -> dict[str, Any]:
    return {
        "AccessKeyId": row.key_id,
        "SecretAccessKey": row.secret,
        "SessionToken": row.token,
        "Expiration": row.expires_at,
    }


def _assumed_role_id(arn: str) -> str:
    """AWS numbers roles when they are made; here a role is its name, and so is its number."""
    role, _, session = arn.rpartition("/")
    return f"AROA{b32encode(hashlib.sha256(role.encode()).digest()).decode()[:17]}:{session}"


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "GetCallerIdentity": get_caller_identity,
    "AssumeRole": assume_role,
    "GetSessionToken": get_session_token,
}
