"""Code-signing configurations: what becomes of code that nobody has signed."""

from __future__ import annotations

import secrets
import string

from django.db import models

from invocations.models.scoped import Scoped

_CHARACTERS = string.ascii_lowercase + string.digits


def new_config_id() -> str:
    return "csc-" + "".join(secrets.choice(_CHARACTERS) for _ in range(17))


class CodeSigningConfig(Scoped):
    """Functions name it; while one does, it cannot be deleted."""

    class Policy(models.TextChoices):
        WARN = "Warn"
        ENFORCE = "Enforce"

    config_id = models.CharField(max_length=21, unique=True, default=new_config_id)
    description = models.CharField(max_length=256, null=True, blank=True)  # noqa: DJ001 - not given is not ""
    publishers = models.JSONField()  # ARNs of signing profiles' versions
    policy = models.CharField(max_length=7, choices=Policy, default=Policy.WARN)
    tags = models.JSONField(default=dict, blank=True)
    last_modified = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.config_id

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account}:code-signing-config:{self.config_id}"
