"""What must be true of the state folder before the parts start. Runs at every start, in a child of its own."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from invocations import clock
from invocations.engines.sns import signing
from invocations.models import AccessKey, ClockState, Heartbeat

ADMIN = "admin"

log = logging.getLogger(__name__)


def prepare() -> None:
    """Migrate; set the clock; make the administrator, the default access key and topics' key; seed examples once."""
    migrate()
    ClockState.objects.apply_setting(settings.LAMBDAPLAY_CLOCK, clock.real())
    ensure_admin()
    ensure_access_key()
    Heartbeat.objects.forget_this_machine()
    signing.certificate()
    seed_once()


def migrate() -> None:
    """Bring the tables up to date; nothing is touched when they are."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)


def ensure_admin() -> None:
    """Make the administrator. A password given in the environment replaces the one in the table."""
    users = get_user_model().objects
    user = users.filter(username=ADMIN).first()
    if user is None:
        users.create_superuser(ADMIN, "", settings.LAMBDAPLAY_SECRETS.admin_password)
    elif settings.LAMBDAPLAY_ADMIN_PASSWORD and not user.check_password(settings.LAMBDAPLAY_ADMIN_PASSWORD):
        user.set_password(settings.LAMBDAPLAY_ADMIN_PASSWORD)
        user.save(update_fields=["password"])


def ensure_access_key() -> None:
    """Make the key pair of the settings. One that was revoked stays revoked, also where the environment names it."""
    if not settings.LAMBDAPLAY_LOOPBACK:
        # Well known, so it was good enough only while nobody else could reach us. (Revoked ones open nothing; they stay
        # to be remembered.)
        AccessKey.objects.filter(secret="test", revoked_at=None).delete()  # noqa: S106 - the name of the danger, not a secret
    key, made = AccessKey.objects.get_or_create(
        key_id=settings.LAMBDAPLAY_ACCESS_KEY_ID,
        defaults={
            "secret": settings.LAMBDAPLAY_SECRET_ACCESS_KEY,
            "account": settings.LAMBDAPLAY_ACCOUNT,
            "user": get_user_model().objects.get(username=ADMIN),
            "created_at": clock.real(),
        },
    )
    if not made and key.secret != settings.LAMBDAPLAY_SECRET_ACCESS_KEY:
        AccessKey.objects.filter(pk=key.pk).update(secret=settings.LAMBDAPLAY_SECRET_ACCESS_KEY)
    # Its user was deleted, and is made again at every start.
    AccessKey.objects.filter(pk=key.pk, user=None).update(user=get_user_model().objects.get(username=ADMIN))


def seed_once() -> None:
    """Put the examples in place on the first run of this state folder; deleted ones do not come back."""
    mark = settings.LAMBDAPLAY_HOME.root / "seeded"
    if mark.exists():
        return
    try:
        call_command("seed", verbosity=0)
    except Exception:
        log.exception("The examples could not be made; `manage.py seed` tries again.")
    mark.touch(mode=0o600)
