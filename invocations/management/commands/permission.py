"""Who else may invoke a function, from a shell: the statements of its policy."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandParser

from invocations.decisions.grants import ACTIONS
from invocations.decisions.policy import INVOKE_FUNCTION
from invocations.errors import ResourceNotFound
from invocations.flows import permissions
from invocations.flows.functions import find
from invocations.forms.permissions import GrantForm
from invocations.management.refusing import RefusingCommand, checked
from invocations.values import Scope


class Command(RefusingCommand):
    help = "The policy of a function, version or alias: add a statement, remove one, show all."

    examples = (
        "permission add orders from-topic sns.amazonaws.com --source-arn arn:aws:sns:us-east-1:000000000000:sales",
        "permission add orders other-account 111122223333 --qualifier live",
        "permission show orders",
        "permission remove orders from-topic",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="let a service or another account in; prints the statement")
        add.add_argument("function")
        add.add_argument("statement_id")
        add.add_argument("principal", help="a service (sns.amazonaws.com), an account of 12 digits, or *")
        add.add_argument("--action", choices=ACTIONS, default=INVOKE_FUNCTION, help="default: %(default)s")
        add.add_argument("--source-arn", default="", help="only for this topic, rule, bucket ...; * may stand in it")
        add.add_argument("--source-account", default="", help="only from this account")
        add.add_argument("--url-auth-type", dest="function_url_auth_type", choices=("NONE", "AWS_IAM"), default="")
        add.add_argument("--via-url", dest="invoked_via_function_url", choices=("true", "false"), default="")
        remove = verbs.add_parser("remove", help="take a statement away")
        remove.add_argument("function")
        remove.add_argument("statement_id")
        show = verbs.add_parser("show", help="the policy as JSON")
        show.add_argument("function")
        for verb in (add, remove, show):
            verb.add_argument(
                "--qualifier", default="", help="of a version or an alias; default: of the function itself"
            )

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        function, qualifier = options["function"], options["qualifier"] or None
        if options["verb"] == "add":
            form = GrantForm({name: options[name] for name in GrantForm.base_fields})
            checked(form)
            self.stdout.write(json.dumps(permissions.add(scope, function, qualifier, form.grant())))
        elif options["verb"] == "remove":
            permissions.remove(scope, function, qualifier, options["statement_id"])
            self.stdout.write(f"The statement {options['statement_id']} counts no more.")
        else:
            self._show(scope, function, qualifier)

    def _show(self, scope: Scope, function: str, qualifier: str | None) -> None:
        find(scope, function, qualifier)
        try:
            policy = permissions.get(scope, function, qualifier)[0]
        except ResourceNotFound:
            self.stdout.write(json.dumps({"Statement": []}))
            return
        self.stdout.write(json.dumps(json.loads(policy), indent=2))
