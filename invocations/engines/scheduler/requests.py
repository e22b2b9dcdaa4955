"""Client tokens: a request that is repeated, because its answer got lost, is carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from invocations import clock
from invocations.engines.scheduler import limits
from invocations.engines.scheduler.errors import Conflict
from invocations.models import SchedulerRequest
from invocations.values import Scope


def once(scope: Scope, operation: str, asked: Mapping[str, Any], act: Callable[[], str]) -> str:
    """Do it and return its answer, or the answer of the same request before. Raises ConflictException.

    `asked` are the members of the request, ClientToken among them when there is one.
    """
    token = asked.get("ClientToken")
    with transaction.atomic():
        if token is None:
            return act()
        named = {"account": scope.account, "region": scope.region, "operation": operation, "token": token}
        fingerprint = _fingerprint(asked)
        SchedulerRequest.objects.filter(asked_at__lt=clock.real() - limits.TOKEN_LIFE).delete()
        try:
            with transaction.atomic():
                row = SchedulerRequest.objects.create(**named, fingerprint=fingerprint, asked_at=clock.real())
        except IntegrityError:
            return _repeated(SchedulerRequest.objects.get(**named), fingerprint)
        row.answer = act()
        row.save(update_fields=["answer"])
    return row.answer


def _repeated(known: SchedulerRequest, fingerprint: str) -> str:
    if known.fingerprint != fingerprint:
        raise Conflict(f"The client token {known.token} was used for another request.")
    return known.answer


def _fingerprint(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
