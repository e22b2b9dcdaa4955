"""Function URLs: an HTTP address of a function or of one of its aliases."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Value

from invocations.models.function import Function


class FunctionUrl(models.Model):
    """One per function and qualifier ("" is the unqualified function, which means $LATEST; else an alias)."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="urls")
    qualifier = models.CharField(max_length=128, blank=True, default="")
    url_id = models.CharField(max_length=32, unique=True)
    auth_type = models.CharField(max_length=8)  # NONE or AWS_IAM
    invoke_mode = models.CharField(max_length=16, blank=True, default="")  # "": not said, which is BUFFERED
    cors = models.JSONField(null=True)  # as AWS's members; None: not configured
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    revision = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier"], name="function_url_is_unique")]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.url_id

    @property
    def function_arn(self) -> str:
        return self.function.arn(self.qualifier or None)

    def change(self, values: dict[str, object]) -> bool:
        """Set these fields as a new revision; False when somebody else has changed it meanwhile."""
        found = FunctionUrl.objects.filter(pk=self.pk, revision=self.revision)
        return bool(found.update(**values, revision=F("revision") + Value(1)))
