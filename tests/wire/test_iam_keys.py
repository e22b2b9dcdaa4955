"""IAM's access keys through boto3: rows that sign, rest and end, with AWS's errors. The companion is played."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from django.contrib.auth.models import User

from invocations import clock
from invocations.models import AccessKey
from invocations.wire import proxy
from invocations.wire.http import Response
from lambdaplay.supervisor.prepare import ensure_access_key, ensure_admin
from tests.wire.asking import ask, signed, who
from tests.wire.boto import client

ACCOUNT = "000000000000"


@pytest.fixture
def companion(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[bytes]:
    """A companion with one IAM user, `alice`; the list holds what it was asked."""
    asked: list[bytes] = []

    def send(method: str, target: str, kept: Any, body: Any = b"", length: int = 0) -> Response:
        asked.append(body)
        known = b"UserName=alice" in body
        return Response(200 if known else 404, [], b"<GetUserResponse/>" if known else b"<Code>NoSuchEntity</Code>")

    settings.LAMBDAPLAY_COMPANION = "moto"
    monkeypatch.setattr(proxy, "send", send)
    return asked


@pytest.fixture
def iam(companion: list[bytes]) -> Any:
    ensure_admin()
    ensure_access_key()
    # Used a moment ago: whether that is noted in the background is a test of its own.
    AccessKey.objects.update(last_used_at=clock.real())
    User.objects.create_user("kim")
    return client("iam")


def refused(call: Any, **members: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_key_is_made_rests_wakes_and_ends(iam: Any) -> None:
    made = iam.create_access_key(UserName="kim")["AccessKey"]
    AccessKey.objects.update(last_used_at=clock.real())
    assert (made["UserName"], made["Status"], made["AccessKeyId"][:4]) == ("kim", "Active", "AKIA")
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    named = {"UserName": "kim", "AccessKeyId": made["AccessKeyId"]}
    assert ask(who(keys=keys)).status == 200
    for status, answer in (("Inactive", 403), ("Inactive", 403), ("Active", 200)):
        iam.update_access_key(**named, Status=status)
        assert ask(who(keys=keys)).status == answer
        assert [key["Status"] for key in iam.list_access_keys(UserName="kim")["AccessKeyMetadata"]] == [status]
    iam.delete_access_key(**named)
    assert ask(who(keys=keys)).status == 403
    gone = ("NoSuchEntity", f"The Access Key with id {made['AccessKeyId']} cannot be found.", 404)
    assert refused(iam.delete_access_key, **named) == gone
    assert refused(iam.update_access_key, **named, Status="Active") == gone
    assert refused(iam.get_access_key_last_used, AccessKeyId=made["AccessKeyId"]) == gone
    assert iam.list_access_keys(UserName="kim")["AccessKeyMetadata"] == []
    assert ask(who(keys=keys)).status == 403


def test_a_user_has_two_keys_resting_ones_included(iam: Any) -> None:
    first, _ = (iam.create_access_key(UserName="kim")["AccessKey"]["AccessKeyId"] for _ in range(2))
    iam.update_access_key(UserName="kim", AccessKeyId=first, Status="Inactive")
    full = ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)
    assert refused(iam.create_access_key, UserName="kim") == full
    assert client("iam", key_id="111122223333").create_access_key(UserName="kim")  # each account counts its own
    iam.delete_access_key(UserName="kim", AccessKeyId=first)
    iam.create_access_key(UserName="kim")
    assert refused(iam.create_access_key, UserName="kim") == full


def test_without_a_name_the_caller_s_user_is_meant(iam: Any) -> None:
    made = iam.create_access_key()["AccessKey"]
    assert made["UserName"] == "admin"
    listed = iam.list_access_keys()["AccessKeyMetadata"]
    assert {key["AccessKeyId"] for key in listed} == {"test", made["AccessKeyId"]}
    other = iam.create_access_key(UserName="kim")["AccessKey"]["AccessKeyId"]
    assert refused(iam.delete_access_key, AccessKeyId=other)[0] == "NoSuchEntity"
    iam.delete_access_key(AccessKeyId=made["AccessKeyId"])


def test_temporary_credentials_are_nobody_s(iam: Any) -> None:
    told = client("sts").get_session_token()["Credentials"]
    keys = Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    heard = ask(signed("POST", "/", b"Action=ListAccessKeys&Version=2010-05-08", form, service="iam", keys=keys))
    assert "<Message>Must specify userName when calling with non-User credentials</Message>" in heard.text
    assert (heard.status, "<Code>ValidationError</Code>" in heard.text) == (400, True)


def test_a_user_of_the_companion_s_gets_a_key_the_caller_answers_for(iam: Any, companion: list[bytes]) -> None:
    made = iam.create_access_key(UserName="alice")["AccessKey"]
    row = AccessKey.objects.select_related("user").get(key_id=made["AccessKeyId"])
    assert row.user is not None
    assert (made["UserName"], row.iam_user, row.user.username) == ("alice", "alice", "admin")
    assert iam.get_access_key_last_used(AccessKeyId=row.key_id)["UserName"] == "alice"
    assert not User.objects.filter(username="alice").exists()
    companion.clear()
    assert refused(iam.delete_user, UserName="alice") == (
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
        409,
    )
    assert companion == []
    iam.delete_access_key(UserName="alice", AccessKeyId=row.key_id)
    iam.delete_user(UserName="alice")
    assert b"Action=DeleteUser" in companion[-1]


def test_without_a_companion_the_users_are_the_console_s(iam: Any, settings: Any) -> None:
    settings.LAMBDAPLAY_COMPANION = "none"
    assert iam.create_access_key(UserName="kim")["AccessKey"]["UserName"] == "kim"
    assert refused(iam.create_access_key, UserName="alice")[0] == "NoSuchEntity"
    assert "companion" in refused(iam.create_user, UserName="x")[1]


def test_pages(iam: Any) -> None:
    kim = User.objects.get(username="kim")
    ids = [f"AKIA{number:016d}" for number in range(5)]
    for key_id in ids:
        AccessKey.objects.create(key_id=key_id, secret="s", account=ACCOUNT, user=kim, created_at=clock.real())
    pages = list(iam.get_paginator("list_access_keys").paginate(UserName="kim", PaginationConfig={"PageSize": 2}))
    assert [[key["AccessKeyId"] for key in page["AccessKeyMetadata"]] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert [page["IsTruncated"] for page in pages] == [True, True, False]


def test_the_last_use_is_told(iam: Any) -> None:
    key_id = iam.create_access_key(UserName="kim")["AccessKey"]["AccessKeyId"]
    told = iam.get_access_key_last_used(AccessKeyId=key_id)
    assert told["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    row = AccessKey.objects.filter(key_id=key_id)
    row.update(last_used_at=clock.real(), last_used_service="lambda", last_used_region="eu-west-1")
    told = iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
    assert (told["ServiceName"], told["Region"], "LastUsedDate" in told) == ("lambda", "eu-west-1", True)


def test_the_pair_of_the_settings_is_revoked_by_its_short_id(iam: Any) -> None:
    iam.delete_access_key(UserName="admin", AccessKeyId="test")
    assert ask(who()).status == 403
    ensure_access_key()  # as the next start does, with the same environment
    assert ask(who()).status == 403
    assert AccessKey.objects.get(key_id="test").revoked_at is not None


SHORT = (
    "1 validation error detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: Member must have length "
    "greater than or equal to 16"
)


@pytest.mark.parametrize(
    ("operation", "members", "code", "text"),
    [
        ("create_access_key", {"UserName": "bob"}, "NoSuchEntity", "The user with name bob cannot be found."),
        ("list_access_keys", {"UserName": "bob"}, "NoSuchEntity", "The user with name bob cannot be found."),
        ("create_access_key", {"UserName": "a b"}, "ValidationError", "1 validation error detected: Value 'a b' at"),
        (
            "list_access_keys",
            {"MaxItems": 0},
            "ValidationError",
            "1 validation error detected: Value '0' at",
        ),
        ("list_access_keys", {"Marker": "ü!"}, "ValidationError", "Invalid Marker."),
        ("delete_access_key", {"AccessKeyId": "AKIA"}, "ValidationError", SHORT),
        ("delete_access_key", {}, "ValidationError", "1 validation error detected: Value null at 'accessKeyId'"),
        (
            "update_access_key",
            {"AccessKeyId": "AKIA", "Status": "Off"},
            "ValidationError",
            "2 validation errors",
        ),
        ("update_access_key", {"AccessKeyId": "test", "Status": "Off"}, "ValidationError", "1 validation error detect"),
        ("update_access_key", {"AccessKeyId": "test", "Status": "Expired"}, "InvalidInput", "An access key is set to"),
        (
            "delete_access_key",
            {"AccessKeyId": "AKIA0000000000000000", "UserName": "kim"},
            "NoSuchEntity",
            "The Access Key with id AKIA0000000000000000 cannot be found.",
        ),
        ("delete_access_key", {"AccessKeyId": "test", "UserName": "bob"}, "NoSuchEntity", "The user with name bob"),
        (
            "delete_access_key",
            {"AccessKeyId": "test", "UserName": "kim"},
            "NoSuchEntity",
            "The Access Key with id",
        ),
    ],
)
def test_bad_input_gets_aws_s_error_and_changes_nothing(
    iam: Any, operation: str, members: dict[str, Any], code: str, text: str
) -> None:
    before = list(AccessKey.objects.values())
    refusal, told, _ = refused(getattr(iam, operation), **members)
    assert (refusal, told[: len(text)]) == (code, text)
    assert list(AccessKey.objects.values()) == before


def test_another_account_s_keys_are_out_of_reach(iam: Any) -> None:
    key_id = iam.create_access_key(UserName="kim")["AccessKey"]["AccessKeyId"]
    stranger = client("iam", key_id="111122223333")
    assert stranger.list_access_keys(UserName="kim")["AccessKeyMetadata"] == []
    assert refused(stranger.delete_access_key, UserName="kim", AccessKeyId=key_id)[0] == "NoSuchEntity"
    assert refused(stranger.get_access_key_last_used, AccessKeyId=key_id)[0] == "NoSuchEntity"


def test_a_user_who_may_not_log_in_gets_no_key(iam: Any) -> None:
    User.objects.filter(username="kim").update(is_active=False)
    assert refused(iam.create_access_key, UserName="kim")[0] == "AccessDenied"
