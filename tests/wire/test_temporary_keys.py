"""STS's credentials: who may have them, what they open, and when they end."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from django.conf import settings as django_settings
from django.contrib.auth.models import User

from invocations import clock, session_keys
from invocations.flows import temporary_keys
from invocations.flows.access_keys import create_access_key, revoke_access_key
from invocations.flows.retention import prune
from invocations.models import TemporaryKey
from invocations.wire import credentials
from tests.house import House
from tests.wire.asking import BASE, FORM, Heard, ask, signed, who
from tests.wire.boto import _send, client

ROLE = "arn:aws:iam::000000000000:role/team/reader"
SESSION = "arn:aws:sts::000000000000:assumed-role/reader/kim"


@pytest.fixture
def sts(db: None) -> Any:
    temporary_keys._found.clear()
    return client("sts")


def keys_of(answer: dict[str, Any]) -> Credentials:
    told = answer["Credentials"]
    return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])


def refused(call: Any, **members: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def lasts(answer: dict[str, Any]) -> float:
    seconds: float = (answer["Credentials"]["Expiration"] - clock.real()).total_seconds()
    return seconds


def with_keys(answer: dict[str, Any]) -> Any:
    """STS asked with these credentials, through the same door as `client`."""
    keys = keys_of(answer)
    made = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=BASE,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    made.meta.events.register_first("before-send.*.*", _send)
    return made


def test_an_assumed_role_signs_as_itself(sts: Any) -> None:
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="kim", ExternalId="any")
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert answer["AssumedRoleUser"]["Arn"] == SESSION
    assert 3590 < lasts(answer) <= 3600
    identity = with_keys(answer).get_caller_identity()
    assert (identity["Arn"], identity["Account"]) == (SESSION, "000000000000")
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert identity["UserId"].startswith("AROA")


def test_a_session_token_is_the_caller_s_own(sts: Any) -> None:
    answer = sts.get_session_token()
    assert 43_190 < lasts(answer) <= 43_200
    assert with_keys(answer).get_caller_identity()["Arn"] == sts.get_caller_identity()["Arn"]
    assert 890 < lasts(sts.get_session_token(DurationSeconds=900)) <= 900


def test_each_ends_with_its_time(sts: Any) -> None:
    keys = keys_of(sts.get_session_token())
    assert ask(who(keys=keys)).status == 200
    TemporaryKey.objects.update(expires_at=clock.real())
    temporary_keys._found.clear()
    assert "<Code>ExpiredToken</Code>" in ask(who(keys=keys)).text
    prune()
    assert TemporaryKey.objects.count() == 1
    TemporaryKey.objects.update(expires_at=clock.real() - timedelta(days=1, seconds=1))
    prune()
    assert TemporaryKey.objects.count() == 0


def test_each_ends_with_the_key_it_comes_from(sts: Any) -> None:
    row = create_access_key(User.objects.create_user("someone"), "000000000000")
    parent = Credentials(row.key_id, row.secret)
    made = [_made(parent, "GetSessionToken", ""), _made(parent, "AssumeRole", f"&RoleArn={ROLE}&RoleSessionName=kim")]
    chained = _made(made[1], "AssumeRole", f"&RoleArn={ROLE}&RoleSessionName=lee")
    assert [ask(who(keys=keys)).status for keys in (*made, chained)] == [200, 200, 200]
    revoke_access_key(row.key_id)
    for keys in (*made, chained):
        heard = ask(who(keys=keys))
        assert (heard.status, "<Code>InvalidClientTokenId</Code>" in heard.text) == (403, True)


def _made(keys: Credentials, action: str, more: str) -> Credentials:
    heard = _asked(keys, action, more)
    assert heard.status == 200, heard.text
    return Credentials(*(_between(heard.text, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))


def _asked(keys: Credentials, action: str, more: str = "") -> Heard:
    body = f"Action={action}&Version=2011-06-15{more}".encode()
    return ask(signed("POST", "/", body, dict(FORM), service="sts", keys=keys))


def _between(text: str, name: str) -> str:
    return text.partition(f"<{name}>")[2].partition(f"</{name}>")[0]


def test_temporary_keys_give_no_session_token_and_short_chains(sts: Any) -> None:
    inside = with_keys(sts.assume_role(RoleArn=ROLE, RoleSessionName="kim"))
    assert refused(inside.get_session_token) == (
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )
    code, text = refused(inside.assume_role, RoleArn=ROLE, RoleSessionName="lee", DurationSeconds=3601)
    assert (code, "1 hour session limit" in text) == ("ValidationError", True)
    assert lasts(inside.assume_role(RoleArn=ROLE, RoleSessionName="lee", DurationSeconds=3600)) > 3590


def test_a_function_s_role_stays_the_function_s(sts: Any) -> None:
    claims = session_keys.Claims("e" * 32, "000000000000", "us-east-1", "fn", "$LATEST", int(time.time()) + 60)
    key = session_keys.mint(django_settings.LAMBDAPLAY_SECRETS.session_key_seed, claims)
    own = Credentials(key.key_id, key.secret, key.token)
    keys = _made(own, "AssumeRole", f"&RoleArn={ROLE}&RoleSessionName=kim")
    identity = credentials.identify(keys.access_key, keys.token)
    assert (identity.arn, identity.environment_id) == (SESSION, "e" * 32)
    assert "<Code>AccessDenied</Code>" in _asked(own, "GetSessionToken").text


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"RoleArn": "arn:aws:iam::111122223333:role/x"}, "AccessDenied"),
        ({"RoleArn": "arn:aws:iam::000000000000:user/x"}, "ValidationError"),
        ({"RoleArn": "x" * 20}, "ValidationError"),
        ({"RoleSessionName": "no blanks"}, "ValidationError"),
        ({"RoleSessionName": None}, "ValidationError"),
        ({"DurationSeconds": 899}, "ValidationError"),
        ({"DurationSeconds": 43_201}, "ValidationError"),
        ({"Policy": "{}"}, "InvalidParameterValue"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "InvalidParameterValue"),
        ({"SourceIdentity": "kim"}, "InvalidParameterValue"),
        ({"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}, "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_had_is_refused(sts: Any, members: dict[str, Any], code: str) -> None:
    given = {"RoleArn": ROLE, "RoleSessionName": "kim", **members}
    refusal, text = refused(sts.assume_role, **{name: value for name, value in given.items() if value is not None})
    assert refusal == code
    if code == "InvalidParameterValue":
        assert next(iter(members)) in text
    assert TemporaryKey.objects.count() == 0


def test_a_session_needs_its_own_token(sts: Any) -> None:
    one, other = keys_of(sts.get_session_token()), keys_of(sts.get_session_token())
    for token in (None, other.token, "x", one.token[:-1], "ü"):
        with pytest.raises(credentials.UnknownKey):
            credentials.identify(one.access_key, token)


def test_every_process_of_the_house_knows_them(live: House) -> None:
    told = live.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="kim")["Credentials"]
    keys = {
        "aws_access_key_id": told["AccessKeyId"],
        "aws_secret_access_key": told["SecretAccessKey"],
        "aws_session_token": told["SessionToken"],
    }
    assert live.client("sts", **keys).get_caller_identity()["Arn"] == SESSION
    assert "Functions" in live.client("lambda", **keys).list_functions()
    live.client("s3", **keys).list_buckets()
