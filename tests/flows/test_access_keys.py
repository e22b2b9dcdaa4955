"""Access keys."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User

from invocations.flows.access_keys import create_access_key, revoke_access_key
from invocations.models import AccessKey

pytestmark = pytest.mark.django_db


def test_keys_look_like_aws_s_differ_and_are_revoked_once() -> None:
    user = User.objects.create_user("kim")
    keys = [create_access_key(user, "000000000000") for _ in range(20)]
    assert all(re.fullmatch("AKIA[A-Z2-7]{16}", key.key_id) and len(key.secret) == 40 for key in keys)
    assert len({key.key_id for key in keys} | {key.secret for key in keys}) == 40
    assert revoke_access_key(keys[0].key_id)
    assert not revoke_access_key(keys[0].key_id)
    assert not AccessKey.objects.get(key_id=keys[0].key_id).active
    assert not revoke_access_key("AKIANONE")
