"""Running what a form asks for, in a web process."""

from __future__ import annotations

from typing import Any

from django.db import connection

from invocations.flows.admission import admitted
from invocations.flows.invoke import invoke
from invocations.flows.prove_idempotent import Proof, prove
from invocations.values import InvocationResult, InvokeRequest


def prove_held(request: InvokeRequest) -> Proof:
    """Run an idempotency proof as one of the calls that this process holds at once. Raises as `invoke_held` does."""
    with admitted(request.caller):
        if not connection.in_atomic_block:
            connection.close()
        return prove(request)


def proof_document(proof: Proof) -> dict[str, Any]:
    """A proof as JSON."""
    return {
        "idempotent": proof.verdict.idempotent,
        "sentence": proof.verdict.sentence,
        "same_result": proof.same_result,
        "runs": [
            {
                "request_id": run.request_id,
                "result": run.result,
                "error": run.error or None,
                "changes": [
                    {"place": one.place, "item": one.item, "before": one.before, "after": one.after}
                    for one in run.changes
                ],
            }
            for run in (proof.first, proof.second)
        ],
        "looked_at": list(proof.looked_at),
        "not_looked_at": list(proof.unseen),
    }


def invoke_held(request: InvokeRequest) -> InvocationResult:
    """Invoke and wait, as one of the calls that this process holds at once, without a database connection meanwhile.

    Raises what the flow raises, and TooManyRequests when the process holds all the calls it can.
    """
    with admitted(request.caller):
        if not connection.in_atomic_block:
            connection.close()
        return invoke(request)
