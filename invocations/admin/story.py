"""From rows to the facts that a sentence is made of."""

from __future__ import annotations

from invocations.decisions.sentences import Run, sentence
from invocations.models import Attempt, Invocation

_OURS = "lambdaplay: "
_HINT = f"{_OURS}this function's network is "  # begins the line that the runtime itself writes into the log


def tell(attempt: Attempt, row: Invocation, log: bytes) -> str:
    """Return the sentence of one attempt; `log` may hold the runtime's hint."""
    return sentence(
        Run(
            outcome=attempt.outcome,
            error_type=row.error_type,
            error_message=row.error_message,
            duration_ms=attempt.duration_us / 1000,
            init_ms=None if attempt.init_us is None else attempt.init_us / 1000,
            memory_mb=attempt.memory_mb,
            max_memory_mb=attempt.max_memory_mb,
            hint=_hint(log),
        )
    )


def _hint(log: bytes) -> str:
    lines = log.decode(errors="replace").splitlines()
    return next((line.removeprefix(_OURS) for line in reversed(lines) if line.startswith(_HINT)), "")
