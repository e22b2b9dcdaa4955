"""How asynchronous invocations of one qualifier are retried, how old they may get and where their outcome goes."""

from __future__ import annotations

from django.db import models

from invocations.models.function import Function


class EventInvokeConfig(models.Model):
    """One per function and qualifier (`$LATEST`, a version or an alias); None means AWS's default, 0 means 0."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="event_invoke_configs")
    qualifier = models.CharField(max_length=128)
    maximum_retry_attempts = models.IntegerField(null=True)
    maximum_event_age_seconds = models.IntegerField(null=True)
    on_success = models.CharField(max_length=350, blank=True, default="")  # an ARN
    on_failure = models.CharField(max_length=350, blank=True, default="")
    last_modified = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier"], name="event_invoke_config_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.function}:{self.qualifier}"
