from __future__ import annotations

from django.apps import AppConfig


class InvocationsConfig(AppConfig):
    name = "invocations"
    verbose_name = "lambdaplay"

    def ready(self) -> None:
        from invocations import clock
        from invocations.models.clock_state import read_committed

        clock.follow(read_committed)
