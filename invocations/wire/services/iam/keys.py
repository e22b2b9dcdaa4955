"""IAM's operations on access keys. Texts as recorded from AWS; what UserName means here is in `users`."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from invocations.errors import NoSuchEntity, Refusal, ValidationException
from invocations.flows import access_keys
from invocations.limits import ACCESS_KEYS_PER_USER
from invocations.models import AccessKey
from invocations.wire.call import Answer, Call
from invocations.wire.protocol import constraints
from invocations.wire.protocol.model import load
from invocations.wire.services.iam import users
from lambdaplay.db.pool import pooled

PAGE = 100
NEVER = "N/A"


class _Everything:
    def __contains__(self, path: object) -> bool:
        return True


EVERYTHING = _Everything()


def create_access_key(call: Call) -> Answer:
    holder = users.holder(call.caller, call.params.get("UserName"))
    row = access_keys.create_access_key(
        holder.user, call.caller.scope.account, iam_user=holder.iam_user, quota=ACCESS_KEYS_PER_USER
    )
    return Answer({"AccessKey": {**_metadata(row), "SecretAccessKey": row.secret}})


def list_access_keys(call: Call) -> Answer:
    name, size = users.named(call.caller, call.params.get("UserName")), call.params.get("MaxItems", PAGE)
    after = _read_marker(call.params.get("Marker"))
    with pooled():
        rows = list(access_keys.keys_of(name, call.caller.scope.account).filter(key_id__gt=after)[: size + 1])
    page = {"AccessKeyMetadata": [_metadata(row) for row in rows[:size]], "IsTruncated": len(rows) > size}
    if len(rows) > size:
        page["Marker"] = urlsafe_b64encode(rows[size - 1].key_id.encode()).decode()
    return Answer(page)


def update_access_key(call: Call) -> Answer:
    row = _checked(call)
    if call.params["Status"] == "Expired":
        raise Refusal("An access key is set to Active or Inactive; Expired is not set by callers.", code="InvalidInput")
    _of_user(call, row)
    if not access_keys.set_active(row.key_id, call.params["Status"] == "Active"):
        raise _unknown(row.key_id)
    return Answer()


def delete_access_key(call: Call) -> Answer:
    row = _checked(call)
    _of_user(call, row)
    if not access_keys.revoke_access_key(row.key_id):
        raise _unknown(row.key_id)
    return Answer()


def get_access_key_last_used(call: Call) -> Answer:
    row = _checked(call)
    used: dict[str, Any] = {"ServiceName": row.last_used_service or NEVER, "Region": row.last_used_region or NEVER}
    if row.last_used_at is not None:
        used["LastUsedDate"] = row.last_used_at
    return Answer({"UserName": row.user_name, "AccessKeyLastUsed": used})


def _checked(call: Call) -> AccessKey:
    """The key that the request names. Raises ValidationException, NoSuchEntity."""
    key_id = call.params.get("AccessKeyId")
    row = _row(key_id, call.caller.scope.account) if isinstance(key_id, str) else None
    shape = load("iam").operation_model(call.operation).input_shape
    assert shape is not None
    constraints.validate(shape, call.params, () if row is None else ("accessKeyId",))
    if row is None:
        raise _unknown(str(key_id))
    return row


def _row(key_id: str, account: str) -> AccessKey | None:
    if "\0" in key_id:
        return None
    with pooled():
        rows = AccessKey.objects.select_related("user").exclude(user=None)
        return rows.filter(key_id=key_id, account=account, revoked_at=None).first()


def _of_user(call: Call, row: AccessKey) -> None:
    """Hold the key against the user that is named, or against the caller."""
    if row.user_name != users.named(call.caller, call.params.get("UserName")):
        raise _unknown(row.key_id)


def _unknown(key_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Access Key with id {key_id} cannot be found.")


def _metadata(row: AccessKey) -> dict[str, Any]:
    return {
        "UserName": row.user_name,
        "AccessKeyId": row.key_id,
        "Status": "Active" if row.active else "Inactive",
        "CreateDate": row.created_at,
    }


def _read_marker(marker: str | None) -> str:
    try:
        return "" if marker is None else urlsafe_b64decode(marker.encode("ascii")).decode().replace("\0", "")
    except (ValueError, binascii.Error):
        raise ValidationException("Invalid Marker.") from None
