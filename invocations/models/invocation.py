"""What happened: invocations, their attempts and their payloads. Payload bytes live apart from state rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from invocations.models.scoped import Scoped, ScopedQuerySet
from invocations.values import Outcome


class Invocation(Scoped):
    """One accepted request. A synchronous one is written once, with its end, before its answer leaves."""

    class Type(models.TextChoices):
        SYNC = "RequestResponse"
        ASYNC = "Event"

    class State(models.TextChoices):
        QUEUED = "QUEUED"
        RUNNING = "RUNNING"
        SUCCEEDED = "SUCCEEDED"
        FAILED = "FAILED"

    request_id = models.CharField(max_length=36, unique=True)
    # By name, not by key: history outlives its function.
    function = models.CharField(max_length=64)
    qualifier = models.CharField(max_length=128, blank=True, default="")  # as the caller wrote it
    executed_version = models.CharField(max_length=20)
    invocation_type = models.CharField(max_length=16, choices=Type)
    state = models.CharField(max_length=10, choices=State)
    condition = models.CharField(max_length=32)  # an Outcome for synchronous invocations
    error_type = models.CharField(max_length=200, blank=True, default="")
    error_message = models.CharField(max_length=1000, blank=True, default="")
    door = models.CharField(max_length=16)
    caller = models.CharField(max_length=256)
    trace_id = models.CharField(max_length=64, blank=True, default="")
    accepted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # The rest is of asynchronous invocations only (ASYNC_COLUMNS).
    due_at = models.DateTimeField(null=True)  # product time; when QUEUED, not before this
    sent_at = models.DateTimeField(null=True)  # real time; when a message last said "look at this row"
    lease_until = models.DateTimeField(null=True)  # the database's clock; RUNNING beyond it means a lost runner
    claim_no = models.IntegerField(db_default=0)  # raised by every start: fences the results of older ones
    failures = models.IntegerField(db_default=0)  # attempts that failed by the function's own fault
    deferrals = models.IntegerField(db_default=0)  # times in a row that the platform could not run it
    lost = models.IntegerField(db_default=0)  # attempts whose runner died
    hops = models.IntegerField(db_default=0)  # invocations that led to this one, for recursion detection
    caused_by = models.CharField(max_length=36, db_default="")  # the request id of the invocation that led to this one
    # Real time, by the database itself: retention counts from here whatever product time does.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager[Invocation]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "region", "function", "-id"], name="invocation_by_function"),
            models.Index(fields=["accepted_at"], name="invocation_by_time"),
            models.Index(fields=["due_at"], condition=models.Q(state="QUEUED"), name="invocation_due"),
            models.Index(
                fields=["sent_at"], condition=models.Q(state="QUEUED", sent_at__isnull=False), name="invocation_told"
            ),
            models.Index(fields=["lease_until"], condition=models.Q(state="RUNNING"), name="invocation_leased"),
            models.Index(fields=["caused_by"], condition=~models.Q(caused_by=""), name="invocation_caused_by"),
            models.Index(fields=["trace_id"], name="invocation_by_trace"),
        ]

    def __str__(self) -> str:
        return self.request_id

    ASYNC_COLUMNS: ClassVar[frozenset[str]] = frozenset(
        ("due_at", "sent_at", "lease_until", "claim_no", "failures", "deferrals", "lost", "hops", "caused_by")
    )


class Attempt(models.Model):
    """One run of an invocation in an execution environment. Of an asynchronous one it is written when it starts."""

    invocation = models.ForeignKey(Invocation, on_delete=models.CASCADE, related_name="attempts")
    attempt_no = models.IntegerField(default=1)
    outcome = models.CharField(max_length=20, choices=[(o.value, o.value) for o in Outcome])
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    environment_id = models.CharField(max_length=32)
    log_stream = models.CharField(max_length=128)
    cold = models.BooleanField()
    init_us = models.IntegerField(null=True)  # microseconds; None unless this was the environment's first event
    duration_us = models.IntegerField()
    billed_ms = models.IntegerField()
    memory_mb = models.IntegerField()
    max_memory_mb = models.IntegerField()
    claim_no = models.IntegerField(db_default=0)
    runner = models.CharField(max_length=128, db_default="")  # the worker process that ran it
    # Real time, by the database itself: of an asynchronous one its start, so that both clocks can be shown.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.invocation_id}#{self.attempt_no}"


class Payload(models.Model):
    """The bytes as they came and went."""

    invocation = models.OneToOneField(Invocation, on_delete=models.CASCADE, primary_key=True, related_name="payload")
    request = models.BinaryField()
    response = models.BinaryField()
    response_bytes = models.BigIntegerField(null=True)  # the whole length, where a streamed answer is kept only in part
    log = models.BinaryField()
    log_truncated = models.BooleanField(default=False)
    client_context = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return str(self.invocation_id)


class AttemptOutput(models.Model):
    """What one attempt of an asynchronous invocation answered and printed."""

    attempt = models.OneToOneField(Attempt, on_delete=models.CASCADE, primary_key=True, related_name="output")
    response = models.BinaryField()
    log = models.BinaryField()
    log_truncated = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.attempt_id)
