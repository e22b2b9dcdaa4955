"""Send to a queue, look into it, empty it, from a shell."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from invocations.engines import sqs
from invocations.engines.sqs import attributes, browsing, move_tasks, queues
from invocations.forms.queues import CreateQueueForm, attributes_from_text
from invocations.management.refusing import Refused, RefusingCommand, checked
from invocations.models import Queue
from invocations.values import Scope

_SHOWN = 60  # characters of a body in a table


class Command(RefusingCommand):
    help = "SQS queues: create, send a message, peek at what is there (receives nothing), redrive, purge, list."

    examples = (
        "queue create orders --dead-letter-queue orders-dead --max-receives 3",
        """queue send orders '{"id": 7}' --attribute kind=new""",
        "queue peek orders --state 'in flight'",
        "queue redrive orders-dead --rate 10",
        "queue purge orders",
        "queue list --json",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a queue, or find the one that is so; prints its URL's path")
        create.add_argument("name")
        create.add_argument("--fifo", action="store_true", help="in order; the name ends with .fifo")
        create.add_argument("--visibility", type=int, help="visibility timeout in seconds (default 30)")
        create.add_argument("--delay", type=int, help="seconds before a message is visible (default 0)")
        create.add_argument(
            "--dead-letter-queue", metavar="NAME", default="", help="where messages go that are not deleted"
        )
        create.add_argument("--max-receives", type=int, help="... after so many receives")
        create.add_argument("--json", action="store_true", help="print its attributes")
        redrive = verbs.add_parser("redrive", help="move a dead-letter queue's messages back; a running server does it")
        redrive.add_argument("name")
        redrive.add_argument("--to", metavar="NAME", default="", help="to this queue (default: each to where it died)")
        redrive.add_argument("--rate", type=int, help="messages a second, 1 to 500")
        send = verbs.add_parser("send", help="send one message; prints its id")
        send.add_argument("name")
        send.add_argument("body", nargs="?", help="the text; - or nothing reads standard input")
        send.add_argument("--file", help="a file with the text")
        send.add_argument("--delay", type=int, help="seconds (standard queues)")
        send.add_argument("--group", help="MessageGroupId")
        send.add_argument("--dedup", help="MessageDeduplicationId")
        send.add_argument("--attribute", action="append", default=[], metavar="NAME=VALUE", help="a String attribute")
        peek = verbs.add_parser("peek", help="show messages without receiving them")
        peek.add_argument("name")
        peek.add_argument("--state", choices=browsing.STATES, help="only these")
        peek.add_argument("--limit", type=int, default=10)
        peek.add_argument("--json", action="store_true", help="one JSON object a line, bodies whole")
        purge = verbs.add_parser("purge", help="delete all messages")
        purge.add_argument("name")
        listing = verbs.add_parser("list", help="queues and their counts")
        listing.add_argument("--json", action="store_true", help="one JSON array")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        if options["verb"] == "list":
            self._list(scope, options["json"])
            return
        if options["verb"] == "create":
            self._create(scope, options)
            return
        queue = queues.find(scope, options["name"])
        verbs = {"send": self._send, "peek": self._peek, "purge": self._purge, "redrive": self._redrive}
        verbs[options["verb"]](queue, options)

    def _create(self, scope: Scope, options: dict[str, Any]) -> None:
        form = CreateQueueForm({name: options[name] for name in CreateQueueForm.base_fields})
        checked(form)
        queue = queues.create(scope, form.cleaned_data["name"], form.attributes(scope), {})
        written = attributes.written(queue)
        self.stdout.write(json.dumps(written) if options["json"] else f"/{queue.account}/{queue.name}")

    def _redrive(self, queue: Queue, options: dict[str, Any]) -> None:
        destination = f"arn:aws:sqs:{queue.region}:{queue.account}:{options['to']}" if options["to"] else None
        task = move_tasks.start(queue.arn, destination, options["rate"])
        count = task.to_move
        self.stdout.write(f"{count} message{'' if count == 1 else 's'} on the way.")

    def _send(self, queue: Queue, options: dict[str, Any]) -> None:
        try:
            given = attributes_from_text("\n".join(options["attribute"]))
        except ValueError as error:
            raise Refused(str(error)) from None
        body = _body(options)
        self.stdout.write(
            sqs.send(
                queue.arn,
                body,
                given,
                delay=options["delay"],
                group=options["group"],
                dedup=options["dedup"],
                sender="command",
            )
        )

    def _peek(self, queue: Queue, options: dict[str, Any]) -> None:
        if options["limit"] < 1:
            raise Refused("--limit must be 1 or more.")
        rows = browsing.messages(queue, options["state"], most=options["limit"])[: options["limit"]]
        for row in rows:
            document = browsing.document(queue, row)
            if options["json"]:
                self.stdout.write(json.dumps(document, ensure_ascii=False))
                continue
            body = " ".join(document["body"].split())
            cut = body if len(body) <= _SHOWN else body[: _SHOWN - 1] + "…"
            self.stdout.write(
                f"{document['message_id']}  {document['state']:<9}  {document['receive_count']:>3}x  {cut}"
            )
        if not rows and not options["json"]:
            self.stdout.write("No messages.")

    def _purge(self, queue: Queue, options: dict[str, Any]) -> None:
        count = queues.purge(queue)
        self.stdout.write(f"{count} message{'' if count == 1 else 's'} deleted.")

    def _list(self, scope: Scope, as_json: bool) -> None:
        rows = queues.listed(scope)
        if as_json:
            self.stdout.write(json.dumps([_counted(queue) for queue in rows]))
            return
        if not rows:
            self.stdout.write("No queues. `manage.py queue create NAME` makes one.")
        for queue in rows:
            now = queues.counts(queue)
            self.stdout.write(f"{queue.name}  visible {now.visible}  in flight {now.in_flight}  delayed {now.delayed}")


def _counted(queue: Queue) -> dict[str, Any]:
    now = queues.counts(queue)
    return {
        "name": queue.name,
        "arn": queue.arn,
        "visible": now.visible,
        "in_flight": now.in_flight,
        "delayed": now.delayed,
        "dead_letter_queue": queue.redrive_target or None,
    }


def _body(options: dict[str, Any]) -> str:
    if options["file"] is not None:
        try:
            data = Path(options["file"]).read_bytes()
        except OSError as error:
            raise Refused(f"The file cannot be read: {error}.") from error
    elif options["body"] in (None, "-"):
        data = sys.stdin.buffer.read()
    else:
        data = options["body"].encode("utf-8", "surrogateescape")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("A message is text: this is not UTF-8.") from None
