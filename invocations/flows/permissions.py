"""Who else may invoke a function. Statements are added, read and removed here, and asked by whoever invokes it.

A function, a version and an alias each have a policy of their own; none inherits from another. An access key is the
root of its account and needs no statement there; services and other accounts do. The texts are AWS's recorded ones.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from invocations import limits
from invocations.arns import function_arn, parse_function
from invocations.decisions import policy
from invocations.decisions.grants import Grant, document
from invocations.errors import (
    InvalidParameterValue,
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from invocations.flows.targets import Name, lock_function, not_found, read_name
from invocations.models import Alias, Function, FunctionPolicy, FunctionVersion
from invocations.values import LATEST, InvokeRequest, Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Select

STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetPolicy API to retrieve the latest Revision Id"
)


@pooled()
def add(
    scope: Scope, reference: str, qualifier: str | None, grant: Grant, revision_id: str | None = None
) -> dict[str, Any]:
    """Add a statement and return it, as a new revision of the policy and of what it belongs to.

    Raises ValidationException, InvalidParameterValue, ResourceNotFound, PreconditionFailed, ResourceConflict for a
    statement id that is taken, PolicyLengthExceeded.
    """
    grant.check()
    name = _name(scope, reference, qualifier, "AddPermission")
    statement = grant.statement(name.arn(name.qualifier))
    with transaction.atomic():
        function = lock_function(name)
        target = _target(function, name)
        row = _rows(name).first()
        _check_revision(revision_id, row, target)
        before = [] if row is None else row.statements
        if any(one["Sid"] == grant.statement_id for one in before):
            raise ResourceConflict(
                f"The statement id ({grant.statement_id}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        after = [*before, statement]
        _check_size(after)
        if row is None:
            FunctionPolicy.objects.create(function=function, qualifier=name.qualifier or "", statements=after)
        elif not row.replace(after):
            raise PreconditionFailed(STALE)
        _revise(target)
    return statement


@pooled()
def remove(
    scope: Scope, reference: str, qualifier: str | None, statement_id: str, revision_id: str | None = None
) -> None:
    """Remove a statement; the policy goes with its last. Raises ResourceNotFound, PreconditionFailed."""
    name = _name(scope, reference, qualifier, "RemovePermission")
    with transaction.atomic():
        function = _function(name)
        if function is None:
            raise ResourceNotFound(f"No policy found for: {name.arn(name.qualifier)}")
        target = _target(function, name)
        row = _rows(name).first()
        if row is None:
            raise ResourceNotFound("No policy is associated with the given resource.")
        left = [one for one in row.statements if one["Sid"] != statement_id]
        if len(left) == len(row.statements):
            raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
        _check_revision(revision_id, row, target)
        if not left:
            row.delete()
        elif not row.replace(left):
            raise PreconditionFailed(STALE)
        _revise(target)


@pooled()
def get(scope: Scope, reference: str, qualifier: str | None) -> tuple[str, str]:
    """Return the policy of exactly this function, version or alias as JSON text, and its revision id."""
    name = read_name(scope, reference, qualifier, action="GetPolicy")
    if _function(name) is None:
        raise not_found(name)
    row = None if name.qualifier == LATEST else _rows(name).first()
    if row is None:
        raise ResourceNotFound("The resource you requested does not exist.")
    return document(row.statements), row.revision_id


@pooled()
def allows(function_arn: str, principal: str, source_arn: str, source_account: str) -> bool:
    """Whether the policy of exactly this function, version or alias lets a service or account invoke it.

    `principal` is a service (`sns.amazonaws.com`) or an account of twelve digits; `source_arn` (the topic, rule,
    bucket) and `source_account` are compared with the statements' conditions, "" is none.
    """
    facts = {policy.SOURCE_ARN: source_arn, policy.SOURCE_ACCOUNT: source_account, policy.VIA_URL: "false"}
    return _allowed(function_arn, principal, [policy.INVOKE_FUNCTION], facts)


@pooled()
def allows_url(function_arn: str, auth_type: str, principal: str = "*") -> bool:
    """Whether a function URL may be called by an account of twelve digits, or by anybody ("*").

    Since October 2025 that takes two statements: one for the URL and one for the invocation through it.
    """
    facts = {policy.URL_AUTH_TYPE: auth_type, policy.VIA_URL: "true"}
    return _allowed(function_arn, principal, [policy.INVOKE_FUNCTION_URL, policy.INVOKE_FUNCTION], facts)


def into_account(request: InvokeRequest) -> InvokeRequest:
    """Return the request as one inside the account whose function it names, where a statement allows the caller's.

    Any other request comes back as it is: naming the function will say what is wrong with it.
    """
    own = request.caller.scope
    named = parse_function(request.function)
    if named is None or named.account in (None, own.account) or named.region not in (None, own.region):
        return request
    account = str(named.account)
    arn = function_arn(account, own.region, named.name, named.qualifier or request.qualifier)
    if not allows(arn, own.account, "", ""):
        return request
    return replace(request, caller=replace(request.caller, scope=Scope(account, own.region)))


def _allowed(function_arn: str, principal: str, actions: Sequence[str], facts: Mapping[str, str]) -> bool:
    """Whether each of these actions is allowed."""
    named = parse_function(function_arn)
    if named is None or named.account is None or named.region is None:
        return False
    # $LATEST cannot have a policy: the unqualified function's is its own.
    qualifier = None if named.qualifier == LATEST else named.qualifier
    whose = {"account": named.account, "region": named.region, "function": named.name, "qualifier": qualifier or ""}
    marks = _MARK(**whose)
    if not marks:
        return False
    asked = (principal, *actions, *facts.items())
    known = _verdicts.get((marks[0], asked))
    if known is None:
        row = FunctionPolicy.objects.filter(pk=marks[0][0]).first()
        statements = [] if row is None else row.statements
        arn = Name(Scope(named.account, named.region), named.name, qualifier).arn(qualifier)
        known = all(policy.allows(statements, policy.Asking(principal, action, arn, facts)) for action in actions)
        if row is not None:
            _verdicts[(row.pk, row.revision_id), asked] = known
        while len(_verdicts) > _REMEMBERED:
            _verdicts.popitem(last=False)
    return known


def _mark(account: str, region: str, function: str, qualifier: str) -> QuerySet[Any, tuple[Any, ...]]:
    rows = FunctionPolicy.objects.filter(
        function__account=account, function__region=region, function__name=function, qualifier=qualifier
    )
    return rows.order_by().values_list("pk", "revision_id")


# Asked at every request of an API or URL: the policy is read again only when its revision is another.
_MARK = Select(_mark, account=str, region=str, function=str, qualifier=str)
_REMEMBERED = 5000
_verdicts: OrderedDict[tuple[Any, ...], bool] = OrderedDict()


def _name(scope: Scope, reference: str, qualifier: str | None, action: str) -> Name:
    name = read_name(scope, reference, qualifier, action=action)
    if name.qualifier == LATEST:
        raise InvalidParameterValue("We currently do not support adding policies for $LATEST.")
    return name


def _function(name: Name) -> Function | None:
    """The function, its row locked until the transaction ends if there is one."""
    try:
        with transaction.atomic():
            return lock_function(name)
    except ResourceNotFound:
        return None


def _target(function: Function, name: Name) -> FunctionVersion | Alias:
    """The version or alias whose revision the policy is part of."""
    wanted = name.qualifier
    if wanted is None or wanted.isdigit():
        version = function.versions.select_related("function").filter(version=wanted or LATEST).first()
        if version is None:
            raise not_found(name)
        return version
    alias = function.aliases.select_related("function").filter(name=wanted).first()
    if alias is None:
        raise ResourceNotFound(f"Cannot find alias arn: {name.arn(wanted)}")
    return alias


def _rows(name: Name) -> QuerySet[FunctionPolicy]:
    return FunctionPolicy.objects.filter(
        function__account=name.scope.account,
        function__region=name.scope.region,
        function__name=name.name,
        qualifier=name.qualifier or "",
    )


def _check_revision(given: str | None, row: FunctionPolicy | None, target: FunctionVersion | Alias) -> None:
    """Both the policy's own revision and that of its function or alias will do: each changes with the other."""
    known = {target.revision_id, *([] if row is None else [row.revision_id])}
    if given is not None and given not in known:
        raise PreconditionFailed(STALE)


def _check_size(statements: list[dict[str, Any]]) -> None:
    size = len(document(statements).encode())
    if size > limits.POLICY_BYTES:
        raise PolicyLengthExceeded(f"The final policy size ({size}) is bigger than the limit ({limits.POLICY_BYTES}).")


def _revise(target: FunctionVersion | Alias) -> None:
    if isinstance(target, Alias):
        target.change({})
    else:
        target.revise()
