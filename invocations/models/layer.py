"""Layers and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import models

from invocations.arns import layer_arn
from invocations.models.function import new_revision
from invocations.models.scoped import Scoped, ScopedQuerySet


class Layer(Scoped):
    """A name whose version numbers are never used twice: the row outlives its last version."""

    name = models.CharField(max_length=140)
    next_version = models.IntegerField(default=1)

    objects: ClassVar[models.Manager[Layer]] = ScopedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="layer_name_is_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return layer_arn(self.account, self.region, self.name)

    def take_version_number(self) -> int:
        """Return the next version number and move on from it; to be called where the layer's row is locked."""
        number = self.next_version
        if not Layer.objects.filter(pk=self.pk, next_version=number).update(next_version=number + 1):
            self.refresh_from_db(fields=["next_version"])
            return self.take_version_number()
        self.next_version = number + 1
        return number


class LayerVersion(models.Model):
    """A package, never changed. Only who else may use it changes: `statements`."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    description = models.CharField(max_length=256, blank=True, default="")
    runtimes = models.JSONField(null=True, blank=True)  # None: not given
    architectures = models.JSONField(null=True, blank=True)
    license_info = models.CharField(max_length=512, null=True, blank=True)  # noqa: DJ001 - not given is not ""
    code_sha256 = models.CharField(max_length=64)  # hex; names the folder of the unpacked package
    code_size = models.BigIntegerField()
    unzipped_bytes = models.BigIntegerField()
    statements = models.JSONField(default=list, blank=True)  # AWS's, in the order they were added
    policy_revision = models.CharField(max_length=36, default=new_revision)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["layer", "version"], name="layer_version_is_unique")]
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"{self.layer}:{self.version}"

    @property
    def arn(self) -> str:
        return f"{self.layer.arn}:{self.version}"

    def permit(self, statements: Sequence[dict[str, Any]]) -> bool:
        """Write these statements as a new revision; False when the row is not the revision that was read."""
        revision = new_revision()
        rows = LayerVersion.objects.filter(pk=self.pk, policy_revision=self.policy_revision)
        moved = rows.update(statements=list(statements), policy_revision=revision)
        if moved:
            self.statements, self.policy_revision = list(statements), revision
        return bool(moved)
