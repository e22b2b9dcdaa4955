"""From rows to the facts that a sentence is made of."""

from __future__ import annotations

from django.conf import settings

from invocations.decisions.sentences import Run, sentence
from invocations.models import Attempt, Function, Invocation


def tell(attempt: Attempt, row: Invocation, function: Function | None) -> str:
    """Return the sentence of one attempt."""
    network = None if function is None else function.network or settings.LAMBDAPLAY_FUNCTION_NETWORK
    return sentence(
        Run(
            outcome=attempt.outcome,
            error_type=row.error_type,
            error_message=row.error_message,
            duration_ms=attempt.duration_us / 1000,
            init_ms=None if attempt.init_us is None else attempt.init_us / 1000,
            memory_mb=attempt.memory_mb,
            max_memory_mb=attempt.max_memory_mb,
            network=network,
        )
    )
