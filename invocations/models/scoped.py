"""What belongs to one account and region, as everything on AWS does."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models

from invocations.values import Scope

Row = TypeVar("Row", bound=models.Model, covariant=True)


class ScopedQuerySet(models.QuerySet[Row]):
    def within(self, scope: Scope) -> Self:
        return self.filter(account=scope.account, region=scope.region)


class Scoped(models.Model):
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=32)

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        return Scope(self.account, self.region)
