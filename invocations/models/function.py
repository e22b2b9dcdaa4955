"""Functions, their versions and aliases."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from invocations.arns import function_arn
from invocations.values import LATEST, Scope


def new_revision() -> str:
    return str(uuid.uuid4())


class FunctionQuerySet(models.QuerySet["Function"]):
    def within(self, scope: Scope) -> FunctionQuerySet:
        return self.filter(account=scope.account, region=scope.region)


class Function(models.Model):
    """A name in an account and region. What runs is in its versions; what is here holds for all of them."""

    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
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
    tags = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Function]] = FunctionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="function_name_is_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)

    def arn(self, qualifier: str | None = None) -> str:
        return function_arn(self.account, self.region, self.name, qualifier)

    @property
    def latest(self) -> FunctionVersion:
        return self.versions.get(version=LATEST)

    def changed(self) -> None:
        """Tell every cache, in every process, that this function is not what it was."""
        Function.objects.filter(pk=self.pk).update(catalog_revision=models.F("catalog_revision") + 1)


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
    code_sha256 = models.CharField(max_length=64)  # hex; names the folder of the unpacked package
    code_size = models.BigIntegerField()
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    state_since = models.DateTimeField()
    update_status = models.CharField(max_length=16, choices=UpdateStatus, default=UpdateStatus.SUCCESSFUL)
    revision_id = models.CharField(max_length=36, default=new_revision)
    last_modified = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "version"], name="version_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.function}:{self.version}"


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
