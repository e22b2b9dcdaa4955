from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib import import_module

from django.apps import AppConfig

# Who has something that waits for its time. Loaded when they are asked: most commands never do.
_THAT_WAIT = (
    "invocations.flows.waiting",
    "invocations.flows.deliver",
    "invocations.flows.poll",
    "invocations.engines.events.scheduling",
    "invocations.engines.scheduler.firing",
)


class InvocationsConfig(AppConfig):
    name = "invocations"
    verbose_name = "lambdaplay"

    def ready(self) -> None:
        from invocations import clock
        from invocations.models.clock_state import read_committed

        clock.follow(read_committed)
        _join_floors()


def _next_due_of(module: str) -> Callable[[], datetime | None]:
    def next_due() -> datetime | None:
        due: datetime | None = import_module(module).next_due()
        return due

    return next_due


def _join_floors() -> None:
    """Give lower floors what they reach up through."""
    from invocations.destinations import function
    from invocations.values import InvokeRequest

    def accept_event(request: InvokeRequest, hops: int, caused_by: str) -> None:
        from invocations.flows.accept import accept
        from invocations.flows.lineage import Lineage

        accept(request, Lineage(hops, caused_by))

    def allows(function_arn: str, principal: str, source_arn: str, source_account: str) -> bool:
        from invocations.flows import permissions

        return permissions.allows(function_arn, principal, source_arn, source_account)

    function.register(accept_event, allows)

    from invocations import outlet
    from invocations.values import Parcel

    def post(parcels: Iterable[Parcel]) -> None:
        from invocations.flows import outbox

        outbox.post(parcels)

    outlet.register(post)

    from invocations.flows import clock

    for module in _THAT_WAIT:
        clock.due_source(_next_due_of(module))

    from invocations.engines.sqs import on_send

    def wake(queue_arn: str) -> None:
        from invocations.flows import poll

        poll.wake(queue_arn)

    on_send.append(wake)

    from invocations.engines.kinesis import on_put

    def wake_shard(stream_arn: str, shard_id: str) -> None:
        from invocations.flows import poll

        poll.wake_shard(stream_arn, shard_id)

    on_put.append(wake_shard)
