"""What an account's code takes on disk, and the promise that a refused request leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Sum

from invocations import limits
from invocations.errors import CodeStorageExceeded
from invocations.models import FunctionVersion, LayerVersion
from invocations.runtime.code import CodePackage, discard
from invocations.values import Scope


def total_code_bytes(scope: Scope) -> int:
    """Return the zipped bytes of every version of functions and layers, as AWS counts them against the quota."""
    functions = FunctionVersion.objects.filter(function__account=scope.account, function__region=scope.region)
    layers = LayerVersion.objects.filter(layer__account=scope.account, layer__region=scope.region)
    return sum(int(rows.aggregate(total=Sum("code_size"))["total"] or 0) for rows in (functions, layers))


def check_storage(scope: Scope, added: int) -> None:
    if total_code_bytes(scope) + added > limits.TOTAL_CODE_BYTES:
        raise CodeStorageExceeded("Code storage limit exceeded.")


@contextmanager
def code_kept_only_on_success(code: CodePackage) -> Iterator[None]:
    """What was stored for a request that is refused is taken back."""
    try:
        yield
    except Exception:
        discard(code)
        raise
