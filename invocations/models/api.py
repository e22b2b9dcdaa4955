"""HTTP APIs and REST-like APIs: an address, routes below it, the functions behind them, and stages.

Whatever changes what an API serves raises its `revision`; those who serve it remember the rest for that revision.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Value

from invocations.models.scoped import Scoped, ScopedQuerySet


class Api(Scoped):
    class Kind(models.TextChoices):
        HTTP = "HTTP"  # API Gateway's version 2
        REST = "REST"  # as version 1 serves: stages in the path, payload format 1.0, its errors

    api_id = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=128)
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.HTTP)
    description = models.CharField(max_length=1024, blank=True, default="")
    version = models.CharField(max_length=64, blank=True, default="")
    cors = models.JSONField(null=True)  # as AWS's members; None: not configured
    closed = models.BooleanField(default=False)  # DisableExecuteApiEndpoint
    binary_types = models.JSONField(default=list)  # REST: binaryMediaTypes
    tags = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    revision = models.IntegerField(default=0)

    objects: ClassVar[models.Manager[Api]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name = "API"
        indexes = [models.Index(fields=["account", "region", "id"], name="api_of_account")]

    def __str__(self) -> str:
        return self.name

    @property
    def execute_arn(self) -> str:
        """What a stage and a route follow in the source ARN that resource policies see."""
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.api_id}"

    def change(self, values: dict[str, object]) -> bool:
        """Set these fields as a new revision; False when the API is gone or somebody else has changed it meanwhile."""
        found = Api.objects.filter(pk=self.pk, revision=self.revision)
        changed = bool(found.update(**values, revision=F("revision") + Value(1)))
        if changed:
            self.revision += 1
        return changed


class ApiStage(models.Model):
    """`$default` is an HTTP API's stage without a part of the path."""

    api = models.ForeignKey(Api, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=1024, blank=True, default="")
    variables = models.JSONField(default=dict)
    tags = models.JSONField(default=dict)
    managed = models.BooleanField(default=False)  # came with the quick creation of its API
    deployment_id = models.CharField(max_length=8)  # a new one for each change of the API
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["api", "name"], name="api_stage_is_unique")]

    def __str__(self) -> str:
        return self.name


class ApiIntegration(models.Model):
    """A function behind an API: AWS_PROXY, the only type there is here."""

    api = models.ForeignKey(Api, on_delete=models.CASCADE, related_name="integrations")
    integration_id = models.CharField(max_length=8)
    uri = models.CharField(max_length=2048)  # as it was given: a function's ARN, or API Gateway's path around one
    payload_version = models.CharField(max_length=3)  # 1.0 or 2.0
    timeout_ms = models.IntegerField()
    description = models.CharField(max_length=1024, blank=True, default="")
    managed = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["api", "integration_id"], name="api_integration_is_unique")]

    def __str__(self) -> str:
        return self.integration_id


class ApiRoute(models.Model):
    api = models.ForeignKey(Api, on_delete=models.CASCADE, related_name="routes")
    route_id = models.CharField(max_length=8)
    key = models.CharField(max_length=512)  # "GET /pets/{id}", "$default"
    # Two keys with one shape would catch the same requests: the key with its parameters' names left out.
    shape = models.CharField(max_length=512)
    integration = models.ForeignKey(ApiIntegration, null=True, on_delete=models.PROTECT, related_name="routes")
    operation_name = models.CharField(max_length=64, blank=True, default="")
    managed = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["api", "route_id"], name="api_route_is_unique"),
            models.UniqueConstraint(fields=["api", "shape"], name="api_route_key_is_unique"),
        ]

    def __str__(self) -> str:
        return self.key
