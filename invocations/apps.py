from __future__ import annotations

from django.apps import AppConfig


class InvocationsConfig(AppConfig):
    name = "invocations"
    verbose_name = "lambdaplay"

    def ready(self) -> None:
        from invocations import clock
        from invocations.models.clock_state import read_committed

        clock.follow(read_committed)
        _join_floors()


def _join_floors() -> None:
    """Give lower floors what they reach up through."""
    from invocations.destinations import function
    from invocations.values import InvokeRequest

    def accept_event(request: InvokeRequest, hops: int, caused_by: str) -> None:
        from invocations.flows.accept import accept
        from invocations.flows.lineage import Lineage

        accept(request, Lineage(hops, caused_by))

    function.register(accept_event)

    from invocations.flows import clock, waiting

    clock.due_source(waiting.next_due)
