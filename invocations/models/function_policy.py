"""Who else may invoke a function: resource policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from invocations.models.function import Function, new_revision


class FunctionPolicy(models.Model):
    """The statements of one function, version or alias; none inherits from another. Gone with the last statement."""

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="policies")
    qualifier = models.CharField(max_length=128, blank=True, default="")  # "": the unqualified function
    statements = models.JSONField(default=list)  # AWS's statements, in the order they were added
    revision_id = models.CharField(max_length=36, default=new_revision)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["function", "qualifier"], name="function_policy_is_unique")]
        ordering = ["id"]
        verbose_name_plural = "function policies"

    def __str__(self) -> str:
        return f"{self.function}:{self.qualifier}"

    def replace(self, statements: Sequence[dict[str, Any]]) -> bool:
        """Write these statements as a new revision; False when the row is not the revision that was read."""
        revision = new_revision()
        rows = FunctionPolicy.objects.filter(pk=self.pk, revision_id=self.revision_id)
        moved = rows.update(statements=list(statements), revision_id=revision)
        if moved:
            self.statements, self.revision_id = list(statements), revision
        return bool(moved)
