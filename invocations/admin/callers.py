"""Who acts when somebody acts in the console."""

from __future__ import annotations

from django.http import HttpRequest

from invocations.values import Caller, Scope


def console_caller(request: HttpRequest, scope: Scope) -> Caller:
    name = request.user.get_username()
    return Caller(scope, "console", name, f"arn:aws:iam::{scope.account}:user/{name}")
