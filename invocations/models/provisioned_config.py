"""Provisioned concurrency: how many environments are kept ready for one version, or for where one alias points."""

from __future__ import annotations

from django.db import models

from invocations.models.function import Function


class ProvisionedConfig(models.Model):
    """One per function and qualifier (a published version or an alias). What is ready, the environment host says."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="provisioned_configs")
    qualifier = models.CharField(max_length=128)
    requested = models.IntegerField()
    last_modified = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier"], name="provisioned_config_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.function}:{self.qualifier}"
