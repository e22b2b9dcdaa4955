from __future__ import annotations

from collections.abc import Iterable

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

    from invocations.flows import clock, deliver, poll, waiting

    clock.due_source(waiting.next_due)
    clock.due_source(deliver.next_due)
    clock.due_source(poll.next_due)

    from invocations.engines.events import scheduling
    from invocations.engines.scheduler import firing

    clock.due_source(scheduling.next_due)
    clock.due_source(firing.next_due)

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
