"""Which keys are known, whom they name, and how soon a revoked one is not."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.credentials import Credentials
from django.conf import settings as django_settings
from django.contrib.auth.models import User

from invocations import session_keys
from invocations.flows import access_keys
from invocations.flows.access_keys import create_access_key, revoke_access_key
from invocations.models import AccessKey
from invocations.wire import credentials
from tests.wire.asking import ask, who


@pytest.fixture
def row(db: None) -> AccessKey:
    user = User.objects.create_user("someone")
    key = create_access_key(user, "111122223333")
    # Used a moment ago: whether that is noted in the background is a test of its own.
    key.last_used_at = datetime.now(UTC)
    key.save()
    return key


def test_a_row_s_key_names_its_account(row: AccessKey) -> None:
    heard = ask(who(keys=Credentials(row.key_id, row.secret)))
    assert heard.status == 200
    assert "<Arn>arn:aws:iam::111122223333:root</Arn>" in heard.text


def test_a_row_s_key_with_another_secret_is_refused(row: AccessKey) -> None:
    heard = ask(who(keys=Credentials(row.key_id, "guess")))
    assert (heard.status, "<Code>SignatureDoesNotMatch</Code>" in heard.text) == (403, True)


def test_a_revoked_key_is_refused_from_the_next_request_on(row: AccessKey) -> None:
    keys = Credentials(row.key_id, row.secret)
    assert ask(who(keys=keys)).status == 200
    revoke_access_key(row.key_id)
    heard = ask(who(keys=keys))
    assert (heard.status, "<Code>InvalidClientTokenId</Code>" in heard.text) == (403, True)


def test_a_revocation_elsewhere_is_seen_once_what_is_remembered_is_old(
    row: AccessKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Credentials(row.key_id, row.secret)
    assert ask(who(keys=keys)).status == 200
    AccessKey.objects.filter(pk=row.pk).update(active=False)  # another machine does not write to our state folder
    later = time.monotonic() + access_keys.CACHED_SECONDS
    monkeypatch.setattr("time.monotonic", lambda: later)
    assert ask(who(keys=keys)).status == 403
    assert access_keys.CACHED_SECONDS <= 1


@pytest.fixture
def default(row: AccessKey) -> AccessKey:
    """The row that every start makes for the key pair of the settings."""
    fields = {"secret": "test", "account": "000000000000", "user": row.user}
    return AccessKey.objects.create(
        key_id="test", **fields, created_at=datetime.now(UTC), last_used_at=datetime.now(UTC)
    )


def test_the_default_key_is_revoked_like_any_other(default: AccessKey, row: AccessKey) -> None:
    assert ask(who()).status == 200
    revoke_access_key("test")
    assert ask(who()).status == 403
    assert ask(who(keys=Credentials(row.key_id, row.secret))).status == 200


def test_the_default_key_ends_with_its_user(default: AccessKey, row: AccessKey) -> None:
    User.objects.get().delete()
    assert ask(who()).status == 403
    assert ask(who(keys=Credentials(row.key_id, row.secret))).status == 403
    assert AccessKey.objects.count() == 2  # they tell what was there


def test_what_a_key_is_used_for_is_noted(row: AccessKey, monkeypatch: pytest.MonkeyPatch) -> None:
    AccessKey.objects.update(last_used_at=None)
    noted: list[tuple[int, access_keys.Use]] = []
    monkeypatch.setattr("threading.Thread", lambda target, args, daemon: _Started(noted, args))
    for _ in range(2):
        ask(who(keys=Credentials(row.key_id, row.secret)))
    assert noted == [(row.pk, access_keys.Use("sts", "us-east-1"))]
    access_keys.default_key_is_good()  # a look is no use
    assert len(noted) == 1


def test_a_key_with_a_wrong_signature_is_not_used(row: AccessKey, monkeypatch: pytest.MonkeyPatch) -> None:
    AccessKey.objects.update(last_used_at=None)
    noted: list[tuple[int, access_keys.Use]] = []
    monkeypatch.setattr("threading.Thread", lambda target, args, daemon: _Started(noted, args))
    assert ask(who(keys=Credentials(row.key_id, "somebody else's"))).status == 403
    assert noted == []


class _Started:
    def __init__(self, noted: list[tuple[int, access_keys.Use]], args: tuple[int, access_keys.Use]) -> None:
        self.start = lambda: noted.append(args)


def test_no_account_is_named_by_digits_once_the_default_key_is_revoked(default: AccessKey) -> None:
    digits = Credentials("000000000000", "test")
    assert ask(who(keys=digits)).status == 200
    revoke_access_key("test")
    assert ask(who(keys=digits)).status == 403


def test_the_house_s_own_requests_need_no_access_key(default: AccessKey) -> None:
    revoke_access_key("test")
    key = session_keys.own(
        django_settings.LAMBDAPLAY_SECRETS.session_key_seed, "111122223333", "eu-west-1", int(time.time()) + 60
    )
    heard = ask(who(keys=Credentials(key.key_id, key.secret, key.token)))
    assert "<Account>111122223333</Account>" in heard.text
    assert credentials.identify(key.key_id, key.token).caller("eu-west-1").environment_id is None


def test_the_key_of_a_user_who_may_not_log_in_is_refused(row: AccessKey) -> None:
    User.objects.update(is_active=False)
    assert ask(who(keys=Credentials(row.key_id, row.secret))).status == 403


@pytest.mark.django_db
@pytest.mark.parametrize("key_id", ["AKIAUNKNOWN", "a" * 200, "not a key", "11112222333", "1111222233334"])
def test_an_unknown_key_is_refused(key_id: str) -> None:
    heard = ask(who(keys=Credentials(key_id, "test")))
    assert (heard.status, "The security token included in the request is invalid." in heard.text) == (403, True)


@pytest.mark.django_db
def test_remembering_unknown_keys_is_bounded() -> None:
    for number in range(access_keys.CACHED_KEYS + 10):
        with pytest.raises(credentials.UnknownKey):
            credentials.identify(f"AKIA{number}", None)
    assert len(access_keys._rows._seen) <= access_keys.CACHED_KEYS


def test_twelve_digits_name_an_account_on_loopback() -> None:
    heard = ask(who(keys=Credentials("444455556666", "test")))
    assert "<Account>444455556666</Account>" in heard.text


@pytest.mark.django_db
def test_twelve_digits_name_nobody_elsewhere(settings: Any) -> None:
    settings.LAMBDAPLAY_LOOPBACK = False
    assert ask(who(keys=Credentials("444455556666", "test"))).status == 403


def test_the_default_key_is_the_one_of_the_settings(settings: Any) -> None:
    settings.LAMBDAPLAY_ACCESS_KEY_ID, settings.LAMBDAPLAY_SECRET_ACCESS_KEY = "AKIAMINE", "mine"
    heard = ask(who(keys=Credentials("AKIAMINE", "mine")))
    assert "<Account>000000000000</Account>" in heard.text


def session(expires: float, seed: str | None = None) -> session_keys.SessionKey:
    claims = session_keys.Claims("e" * 32, "000000000000", "us-east-1", "fn", "$LATEST", int(expires))
    return session_keys.mint(seed or django_settings.LAMBDAPLAY_SECRETS.session_key_seed, claims)


def test_an_environment_s_own_key_names_its_function() -> None:
    key = session(time.time() + 60)
    heard = ask(who(keys=Credentials(key.key_id, key.secret, key.token)))
    assert "<Arn>arn:aws:sts::000000000000:assumed-role/fn/fn</Arn>" in heard.text
    identity = credentials.identify(key.key_id, key.token)
    assert identity.caller("eu-west-1").environment_id == "e" * 32


def test_an_expired_session_is_told_so() -> None:
    key = session(time.time() - 1)
    heard = ask(who(keys=Credentials(key.key_id, key.secret, key.token)))
    assert (heard.status, "<Code>ExpiredToken</Code>" in heard.text) == (403, True)


@pytest.mark.django_db
def test_a_session_needs_its_own_token() -> None:
    key, other = session(time.time() + 60), session(time.time() + 61)
    foreign = session(time.time() + 60, seed="another server")
    for token in (None, other.token, foreign.token, "x", "ü.ü", key.token[:-1], "." + key.token):
        with pytest.raises(credentials.UnknownKey):
            credentials.identify(key.key_id, token)


@pytest.mark.django_db(transaction=True)
def test_use_is_noted_once_a_minute_and_not_by_the_request() -> None:
    key = create_access_key(User.objects.create_user("someone"), "111122223333")
    access_keys._note_use(key.pk, access_keys.Use("sqs", "eu-west-1"))
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    access_keys._note_use(key.pk, access_keys.Use("lambda", "eu-west-2"))
    key.refresh_from_db()
    assert (key.last_used_at, key.last_used_service, key.last_used_region) == (first, "sqs", "eu-west-1")
