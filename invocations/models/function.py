"""Functions, their versions and aliases."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction

from invocations import limits
from invocations.arns import function_arn
from invocations.models.code_signing_config import CodeSigningConfig
from invocations.models.scoped import Scoped, ScopedQuerySet
from invocations.values import LATEST

# What a published version freezes. The description is not among them: a version may carry one of its own.
FROZEN = (
    "runtime",
    "handler",
    "role",
    "timeout_seconds",
    "memory_mb",
    "tmp_mb",
    "architecture",
    "variables",
    "tracing_mode",
    "log_group",
    "log_format",
    "application_log_level",
    "system_log_level",
    "dead_letter_arn",
    "code_sha256",
    "code_size",
    "layers",
    "opt_sha256",
)


def new_revision() -> str:
    return str(uuid.uuid4())


class Function(Scoped):
    """A name in an account and region. What runs is in its versions; what is here holds for all of them."""

    name = models.CharField(max_length=64)
    # Raised by every change to the function, its versions or its aliases: who caches them compares this one number.
    catalog_revision = models.BigIntegerField(default=1)
    next_version = models.IntegerField(default=1)  # numbers are never used twice in a function's life
    reserved_concurrency = models.IntegerField(null=True, blank=True)  # None: unreserved; 0: every call is throttled
    network = models.CharField(
        max_length=8,
        default="",
        blank=True,
        choices=[("", "server's default"), ("endpoint", "endpoint"), ("internet", "internet"), ("host", "host")],
    )
    recursive_loop = models.CharField(max_length=9, default="Terminate")  # or "Allow"
    tags = models.JSONField(default=dict, blank=True)
    code_signing_config = models.ForeignKey(
        CodeSigningConfig, null=True, blank=True, on_delete=models.PROTECT, related_name="functions"
    )
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Function]] = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="function_name_is_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def arn(self, qualifier: str | None = None) -> str:
        return function_arn(self.account, self.region, self.name, qualifier)

    @property
    def latest(self) -> FunctionVersion:
        return self.versions.get(version=LATEST)

    def changed(self) -> None:
        """Tell every cache, in every process, that this function is not what it was."""
        Function.objects.filter(pk=self.pk).update(catalog_revision=models.F("catalog_revision") + 1)

    def take_version_number(self) -> int:
        """Return the next version number and move on from it; to be called where the function's row is locked."""
        number = self.next_version
        taken = Function.objects.filter(pk=self.pk, next_version=number).update(next_version=number + 1)
        if not taken:
            self.refresh_from_db(fields=["next_version"])
            return self.take_version_number()
        self.next_version = number + 1
        return number

    def reserve(self, executions: int | None) -> None:
        """Set the reserved concurrency; None ends the reservation."""
        Function.objects.filter(pk=self.pk).update(reserved_concurrency=executions)
        self.reserved_concurrency = executions


class FunctionVersion(models.Model):
    """Code and configuration. `$LATEST` changes; a published version never does."""

    class State(models.TextChoices):
        PENDING = "Pending"
        ACTIVE = "Active"
        FAILED = "Failed"

    class UpdateStatus(models.TextChoices):
        SUCCESSFUL = "Successful"
        IN_PROGRESS = "InProgress"
        FAILED = "Failed"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="versions")
    version = models.CharField(max_length=20, default=LATEST)
    runtime = models.CharField(max_length=64)
    handler = models.CharField(max_length=128)
    role = models.CharField(max_length=512)
    description = models.CharField(max_length=256, blank=True, default="")
    timeout_seconds = models.IntegerField()
    memory_mb = models.IntegerField()
    tmp_mb = models.IntegerField()
    architecture = models.CharField(max_length=8, default="x86_64")
    # None: never given. An empty map was given and is answered as such.
    variables = models.JSONField(null=True, blank=True)
    tracing_mode = models.CharField(max_length=16, default="PassThrough")
    log_group = models.CharField(max_length=512)
    log_format = models.CharField(max_length=4, default="Text")  # or JSON
    application_log_level = models.CharField(max_length=5, blank=True, default="")  # "": of the text format
    system_log_level = models.CharField(max_length=5, blank=True, default="")
    dead_letter_arn = models.CharField(max_length=350, blank=True, default="")
    code_sha256 = models.CharField(max_length=64)  # hex; names the folder of the unpacked package
    code_size = models.BigIntegerField()
    # [{"arn", "sha256", "code_size", "unzipped_bytes"}, ...]: as they were when they were chosen; a version that is
    # deleted later stays in use here.
    layers = models.JSONField(default=list, blank=True)
    opt_sha256 = models.CharField(max_length=64, blank=True, default="")  # hex; the folder of all layers together
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    state_since = models.DateTimeField()
    update_status = models.CharField(max_length=16, choices=UpdateStatus, default=UpdateStatus.SUCCESSFUL)
    revision_id = models.CharField(max_length=36, default=new_revision)
    last_modified = models.DateTimeField()
    # On a published version: the fingerprint of the $LATEST it was made from.
    published_from = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "version"], name="version_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.function}:{self.version}"

    @property
    def unsettled(self) -> bool:
        """Pending after its creation, or InProgress after an update."""
        return self.state == self.State.PENDING or self.update_status == self.UpdateStatus.IN_PROGRESS

    def fingerprint(self) -> str:
        """Return a hex SHA-256 that is equal for equal code, configuration and description."""
        content = {name: getattr(self, name) for name in (*FROZEN, "description")}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def settle(self, now: datetime) -> bool:
        """Pending -> Active, InProgress -> Successful, once due; True when this call made the transition.

        `now` is real time. Whoever reads a version calls this; there is no timer. The completion is a revision of its
        own, as on AWS.
        """
        if not self.unsettled or now < self.state_since + timedelta(seconds=limits.SETTLE_SECONDS):
            return False
        leaving: dict[str, Any] = {"state": self.state, "update_status": self.update_status}
        reached = {"state": self.State.ACTIVE, "update_status": self.UpdateStatus.SUCCESSFUL}
        return self._move({**leaving, "revision_id": self.revision_id}, reached)

    def begin_update(self, changes: Mapping[str, Any], now: datetime) -> bool:
        """Active and Successful -> InProgress with these changes, as a new revision.

        False, and nothing is written, when another update is under way or the row is not the revision read.
        """
        leaving = {
            "state__in": [self.State.ACTIVE, self.State.FAILED],
            "update_status__in": [self.UpdateStatus.SUCCESSFUL, self.UpdateStatus.FAILED],
            "revision_id": self.revision_id,
        }
        reached = {**changes, "update_status": self.UpdateStatus.IN_PROGRESS, "state_since": now, "last_modified": now}
        return self._move(leaving, reached)

    def revise(self) -> bool:
        """Give the row a new revision id and nothing else (publishing a version does this to $LATEST)."""
        return self._move({"revision_id": self.revision_id}, {})

    def publish(self, number: int, description: str | None, now: datetime) -> FunctionVersion:
        """Freeze this $LATEST as version `number`, Pending; None keeps the function's own description."""
        return FunctionVersion.objects.create(
            **{name: getattr(self, name) for name in FROZEN},
            function=self.function,
            version=str(number),
            description=self.description if description is None else description,
            published_from=self.fingerprint(),
            state=self.State.PENDING,
            state_since=now,
            last_modified=self.last_modified,
        )

    def _move(self, leaving: Mapping[str, Any], reached: Mapping[str, Any]) -> bool:
        """UPDATE ... WHERE the state it leaves; the row's count decides, and the object follows the row."""
        values = {**reached, "revision_id": new_revision()}
        with transaction.atomic():
            # Function first, then version: the order in which every flow locks them, so that none waits in a circle.
            Function.objects.select_for_update().filter(pk=self.function_id).first()
            moved = FunctionVersion.objects.filter(pk=self.pk, **leaving).update(**values)
            if moved:
                self.function.changed()
        if moved:
            for name, value in values.items():
                setattr(self, name, value)
        return bool(moved)


class Alias(models.Model):
    """A name for a version, perhaps sharing its calls with one other."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=128)
    version = models.CharField(max_length=20)
    description = models.CharField(max_length=256, blank=True, default="")
    weights = models.JSONField(default=dict, blank=True)  # {"2": 0.2}: version 2 gets 20 % of the calls
    revision_id = models.CharField(max_length=36, default=new_revision)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "name"], name="alias_is_unique")]
        ordering = ["name"]
        verbose_name_plural = "aliases"

    def __str__(self) -> str:
        return f"{self.function}:{self.name}"

    @property
    def arn(self) -> str:
        return self.function.arn(self.name)

    def change(self, changes: Mapping[str, Any]) -> bool:
        """Write these changes as a new revision; False when the row is not the revision that was read."""
        values = {**changes, "revision_id": new_revision()}
        with transaction.atomic():
            moved = Alias.objects.filter(pk=self.pk, revision_id=self.revision_id).update(**values)
            if moved:
                self.function.changed()
        if moved:
            for name, value in values.items():
                setattr(self, name, value)
        return bool(moved)


class TestEvent(models.Model):
    """A payload kept with a function, to be sent again from the console."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="test_events")
    name = models.CharField(max_length=64)
    payload = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "name"], name="test_event_is_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
