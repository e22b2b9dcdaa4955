"""Publish to a topic, see who listens, from a shell."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.engines.sns import content, publishing, topics
from invocations.engines.sns.content import JSON, Outgoing
from invocations.engines.sns.fanout import Origin
from invocations.engines.sns.naming import TopicName
from invocations.forms.queues import attributes_from_text
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Topic
from invocations.values import Scope


class Command(RefusingCommand):
    help = "SNS topics: publish a message, list topics and who listens."
    examples = (
        "topic list",
        "topic publish orders 'a message' --attribute colour=red",
        "topic publish orders.fifo - --group g --dedup 1 < message.json",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        publish = verbs.add_parser("publish", help="publish one message; prints its id")
        publish.add_argument("name")
        publish.add_argument("message", nargs="?", help="the text; - or nothing reads standard input")
        publish.add_argument("--file", help="a file with the text")
        publish.add_argument("--subject")
        publish.add_argument("--group", help="MessageGroupId")
        publish.add_argument("--dedup", help="MessageDeduplicationId (FIFO topics)")
        publish.add_argument("--each", action="store_true", help="the text is JSON with a text for each protocol")
        publish.add_argument("--attribute", action="append", default=[], metavar="NAME=VALUE", help="of type String")
        verbs.add_parser("list", help="topics and their subscriptions")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["verb"] == "list":
            self._list(scope)
        else:
            self._publish(topics.find(TopicName(scope, options["name"])), options)

    def _publish(self, topic: Topic, options: dict[str, Any]) -> None:
        try:
            attributes = attributes_from_text("\n".join(options["attribute"]))
        except ValueError as error:
            raise Refused(str(error)) from None
        outgoing = Outgoing(
            message=_text(options),
            subject=options["subject"],
            structure=JSON if options["each"] else "",
            attributes=attributes,
            group=options["group"],
            deduplication_id=options["dedup"],
        )
        content.check(topic, outgoing)
        self.stdout.write(publishing.publish(topic, [outgoing], Origin("command"))[0].message_id)

    def _list(self, scope: Scope) -> None:
        rows = list(Topic.objects.within(scope).order_by("name").prefetch_related("subscriptions"))
        if not rows:
            self.stdout.write("No topics. `aws sns create-topic --name NAME` makes one.")
        for topic in rows:
            self.stdout.write(topic.name)
            for one in topic.subscriptions.all():
                if one.state != one.State.DELETED:
                    state = "  not confirmed" if one.state == one.State.PENDING else ""
                    self.stdout.write(f"  {one.protocol}  {one.endpoint}{state}")


def _text(options: dict[str, Any]) -> str:
    if options["file"] is not None:
        try:
            data = Path(options["file"]).read_bytes()
        except OSError as error:
            raise Refused(f"The file cannot be read: {error}.") from error
    elif options["message"] in (None, "-"):
        data = sys.stdin.buffer.read()
    else:
        data = options["message"].encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("A message is text: this is not UTF-8.") from None
