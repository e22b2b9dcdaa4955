"""APIs from a shell: make one with a function behind it, add routes, list, delete."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from invocations.decisions.api_routes import DEFAULT
from invocations.flows.http_api import apis, granting, making, rows, serving
from invocations.flows.http_api.making import Made, RouteTo
from invocations.management.refusing import Refused, RefusingCommand
from invocations.models import Api
from invocations.values import Scope

_EVERYTHING = {False: DEFAULT, True: "ANY /{proxy+}"}


class Command(RefusingCommand):
    help = "HTTP and REST APIs: create one, lead routes to functions, list, delete."
    examples = (
        "api create shop --function hello --allow",
        "api create shop --rest --stage v1 --function hello --route 'GET /pets/{id}' --allow",
        "api route a1b2c3d4e5 'POST /orders' --function orders --allow",
        "api list",
        "api delete a1b2c3d4e5",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make an API; prints its id and address")
        create.add_argument("name")
        create.add_argument("--rest", action="store_true", help="a REST API; else an HTTP API")
        create.add_argument("--stage", help="its stage; default: $default, for a REST API dev")
        create.add_argument("--route", help="what leads to the function; default: everything")
        create.add_argument("--binary", action="append", default=[], metavar="TYPE", help="REST: binaryMediaTypes")
        _function(create, required=False)
        route = verbs.add_parser("route", help="lead one more route of an API to a function")
        route.add_argument("api_id")
        route.add_argument("key", help="'GET /pets/{id}', 'ANY /{proxy+}' or '$default'")
        _function(route, required=True)
        verbs.add_parser("list", help="APIs, their addresses and routes")
        delete = verbs.add_parser("delete", help="delete an API with all its parts")
        delete.add_argument("api_id")

    def work(self, scope: Scope, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['verb']}")(scope, options)

    def _create(self, scope: Scope, options: dict[str, Any]) -> None:
        rest = options["rest"]
        if options["binary"] and not rest:
            raise Refused("--binary is for REST APIs; HTTP APIs tell text from bytes by the content type.")
        if options["function"] is None and (options["route"] is not None or options["allow"]):
            raise Refused("Say with --function which function the route leads to.")
        made = making.create(
            scope,
            apis.Wishes(name=options["name"], binary_types=tuple(options["binary"])),
            Api.Kind.REST if rest else Api.Kind.HTTP,
            options["stage"] or ("dev" if rest else DEFAULT),
            None if options["function"] is None else _route_to(scope, options["route"] or _EVERYTHING[rest], options),
            allow=options["allow"],
        )
        self.stdout.write(f"{made.api.api_id} {apis.path_address(made.api, made.api.stages.get().name)}")
        self._tell(made)

    def _route(self, scope: Scope, options: dict[str, Any]) -> None:
        api = rows.get(scope, options["api_id"])
        self._tell(making.add_route(api, _route_to(scope, options["key"], options), allow=options["allow"]))

    def _tell(self, made: Made) -> None:
        """What was allowed, and how to allow the rest."""
        for sentence in made.allowed:
            self.stderr.write(sentence)
        for function in {lack.function.name for lack in granting.lacking(made.api) if lack.function is not None}:
            self.stderr.write(
                f"{function} does not let API Gateway call it yet: --allow adds the statement, or "
                f"`aws lambda add-permission` for {serving.PRINCIPAL} and {made.api.execute_arn}/*."
            )

    def _list(self, scope: Scope, options: dict[str, Any]) -> None:
        found = list(Api.objects.within(scope).prefetch_related("stages"))
        if not found:
            self.stdout.write("No APIs. `manage.py api create NAME --function FUNCTION --allow` makes one.")
        for api in found:
            self.stdout.write(f"{api.api_id}  {api.kind}  {api.name}")
            for stage in api.stages.all():
                self.stdout.write(f"  {apis.path_address(api, stage.name)}")
            for route in rows.routes(api):
                behind = "nothing" if route.integration is None else route.integration.uri
                self.stdout.write(f"  {route.key} -> {behind}")

    def _delete(self, scope: Scope, options: dict[str, Any]) -> None:
        apis.delete(scope, options["api_id"])
        self.stdout.write(f"{options['api_id']} is deleted.")


def _function(parser: CommandParser, *, required: bool) -> None:
    parser.add_argument("--function", required=required, help="name or ARN, perhaps with a qualifier")
    parser.add_argument("--payload", choices=["1.0", "2.0"], help="payload format; default: 2.0, for REST APIs 1.0")
    parser.add_argument("--timeout", type=float, help="seconds to wait; default: 30, for REST APIs 29")
    parser.add_argument("--allow", action="store_true", help="let API Gateway call the function (AddPermission)")


def _route_to(scope: Scope, key: str, options: dict[str, Any]) -> RouteTo:
    seconds = options["timeout"]
    arn = making.arn_of(scope, options["function"])
    return RouteTo(key, arn, options["payload"], None if seconds is None else round(seconds * 1000))
