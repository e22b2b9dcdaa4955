"""Topics, who listens to them, and what was published.

Bodies live apart from the rows. What a publication became for each subscription is a delivery; what a filter policy
kept from one is noted in the publication, with the reason.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from invocations.models.scoped import Scoped, ScopedQuerySet


class Topic(Scoped):
    """One SNS topic of an account and region. Policies are JSON text as it was set, "" for AWS's default."""

    name = models.CharField(max_length=256)
    fifo = models.BooleanField(default=False)
    display_name = models.CharField(max_length=100, blank=True, default="")
    policy = models.TextField(blank=True, default="")
    delivery_policy = models.TextField(blank=True, default="")
    content_deduplication = models.BooleanField(default=False)
    throughput_scope = models.CharField(max_length=16, blank=True, default="")  # FIFO: Topic or MessageGroup
    signature_version = models.CharField(max_length=1, blank=True, default="")  # 1 (SHA-1) when nothing is said
    max_message_bytes = models.IntegerField(null=True)  # 256 KiB when nothing is said
    tags = models.JSONField(default=dict)
    last_sequence = models.BigIntegerField(default=0)  # FIFO: the newest message's place
    subscriptions_deleted = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Topic]] = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "region", "name"], name="topic_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def arn(self) -> str:
        return f"arn:aws:sns:{self.region}:{self.account}:{self.name}"


class Subscription(models.Model):
    """Who gets what a topic publishes. PENDING until its endpoint answers with the token; DELETED ones can be restored
    with theirs for a while."""

    class State(models.TextChoices):
        PENDING = "PENDING"
        CONFIRMED = "CONFIRMED"
        DELETED = "DELETED"

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="subscriptions")
    subscription_id = models.CharField(max_length=36, unique=True)
    state = models.CharField(max_length=9, choices=State)
    protocol = models.CharField(max_length=8)
    endpoint = models.CharField(max_length=2048)
    owner = models.CharField(max_length=12)
    principal = models.CharField(max_length=256)  # ARN of who subscribed
    by_function = models.BooleanField(default=False)  # with a session key: its endpoint must be a public one
    authenticated = models.BooleanField(default=False)  # the confirmation was signed
    keep_signed = models.BooleanField(default=False)  # only a signed request may unsubscribe
    token = models.CharField(max_length=96, blank=True, default="", db_index=True)
    token_until = models.DateTimeField(null=True)  # product time
    raw = models.BooleanField(default=False)
    filter_policy = models.TextField(blank=True, default="")
    filter_scope = models.CharField(max_length=17, default="MessageAttributes")
    redrive_policy = models.TextField(blank=True, default="")
    redrive_target = models.CharField(max_length=350, blank=True, default="")  # the queue that the policy names
    delivery_policy = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            # One endpoint listens once.
            models.UniqueConstraint(
                fields=["topic", "protocol", "endpoint"], name="subscription_endpoint", condition=~Q(state="DELETED")
            )
        ]

    def __str__(self) -> str:
        return self.subscription_id

    @property
    def arn(self) -> str:
        return f"{self.topic.arn}:{self.subscription_id}"


class Publication(models.Model):
    """One message that a topic accepted. `filtered` says for each subscription that did not get it, why."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="publications", db_index=False)
    message_id = models.CharField(max_length=36, unique=True)
    published_at = models.DateTimeField()  # product time
    written_at = models.DateTimeField()  # real time, which retention goes by
    sequence = models.BigIntegerField(default=0)  # FIFO: its place; 0 in standard topics
    group = models.CharField(max_length=128, blank=True, default="")
    deduplication_id = models.CharField(max_length=128, blank=True, default="")
    publisher = models.CharField(max_length=256, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    caused_by = models.CharField(max_length=36, blank=True, default="")  # the invocation that published it
    deliveries = models.IntegerField(default=0)  # how many subscriptions it was sent to
    filtered = models.JSONField(default=dict)  # {subscription id: sentence}

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["topic", "-id"], name="publication_by_topic")]

    def __str__(self) -> str:
        return self.message_id


class PublicationBody(models.Model):
    """What the publisher wrote. `attributes` as AWS's JSON has them, binary values in base64."""

    publication = models.OneToOneField(Publication, on_delete=models.CASCADE, primary_key=True, related_name="content")
    message = models.TextField()
    subject = models.CharField(max_length=100, blank=True, default="")
    structure = models.CharField(max_length=8, blank=True, default="")  # json: `message` has a text for each protocol
    attributes = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.publication_id)


class TopicDedup(models.Model):
    """A FIFO message that was accepted: the same id is not delivered again before `expires_at`."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, db_index=False)
    group = models.CharField(max_length=128, blank=True, default="")  # "" when the scope is the whole topic
    deduplication_id = models.CharField(max_length=128)
    message_id = models.CharField(max_length=36)
    sequence = models.BigIntegerField()
    expires_at = models.DateTimeField()  # product time

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "group", "deduplication_id"], name="topic_deduplication")
        ]
        indexes = [models.Index(fields=["topic", "expires_at"], name="topic_deduplication_end")]

    def __str__(self) -> str:
        return self.deduplication_id
