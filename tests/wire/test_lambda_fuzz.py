"""Requests that are wrong in one place, for each operation: never a failure of ours, never half of a change."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from invocations.models import (
    Alias,
    CodeSigningConfig,
    EventInvokeConfig,
    Function,
    FunctionPolicy,
    FunctionUrl,
    FunctionVersion,
    Invocation,
    Layer,
    LayerVersion,
    Mapping,
    Poller,
    ProvisionedConfig,
)
from tests.docs.lambda_coverage import offered
from tests.wire.asking import Heard, ask
from tests.wire.boto import client
from tests.wire.functions import create, zipped
from tests.wire.lambda_fuzz import PROFILE, QUEUE, Case, cases

pytestmark = pytest.mark.django_db

MODELS = (Alias, CodeSigningConfig, EventInvokeConfig, Function, FunctionPolicy, FunctionUrl, FunctionVersion)
TABLES: tuple[Any, ...] = (*MODELS, Invocation, Layer, LayerVersion, Mapping, Poller, ProvisionedConfig)
NO_HOST = "The environment host does not answer"
SHARE = 24  # one request in so many, in the default lane; which one moves on from member to member


@pytest.fixture
def world(api: Any) -> dict[str, Any]:
    """One of everything that an operation may name."""
    create(api, Publish=True, Tags={"a": "b"})
    client("sqs").create_queue(QueueName="q")
    api.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    api.add_permission(FunctionName="fn", StatementId="x", Action="lambda:InvokeFunction", Principal="*")
    api.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=0)
    api.create_function_url_config(FunctionName="fn", AuthType="NONE")
    provisioned = {"Qualifier": "live", "ProvisionedConcurrentExecutions": 1}
    api.put_provisioned_concurrency_config(FunctionName="fn", **provisioned)
    api.publish_layer_version(LayerName="layer", Content={"ZipFile": zipped({"a": "b"})})
    grant = {"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    api.add_layer_version_permission(LayerName="layer", VersionNumber=1, **grant)
    config = api.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [PROFILE]})
    uuid = api.create_event_source_mapping(FunctionName="fn", EventSourceArn=QUEUE, Enabled=False)["UUID"]
    for qualifier in ("$LATEST", "1"):
        api.get_function(FunctionName="fn", Qualifier=qualifier)  # what is Pending is read and becomes Active
    return {"CodeSigningConfigArn": config["CodeSigningConfig"]["CodeSigningConfigArn"], "UUID": uuid}


def rows() -> list[Any]:
    """All there is, code on disk included."""
    found: list[Any] = [list(model.objects.order_by("pk").values()) for model in TABLES]
    return [*found, sorted(os.listdir(settings.LAMBDAPLAY_HOME.code))]


def answered(case: Case) -> tuple[Heard, list[Any] | None]:
    """The answer, and what there is after a refusal; whatever was changed is taken back."""
    with transaction.atomic():
        heard = ask(case.asked())
        after = rows() if heard.status >= 400 else None
        connection.set_rollback(True)
    return heard, after


def some(operation: str, world: dict[str, Any], share: int) -> Iterator[Case]:
    for number, case in enumerate(cases(operation, world)):
        if number == 0 or number % share == len(operation) % share:
            yield case


def check(operation: str, world: dict[str, Any], share: int) -> list[str]:
    """Return what is wrong with the answers."""
    *before, packages = rows()
    found = []
    for case in some(operation, world, share):
        heard, after = answered(case)
        if operation.startswith("Invoke") and NO_HOST in heard.text:
            continue  # it passed every check, and functions do not run here
        if heard.status >= 500 or (case.path == () and heard.status >= 300):
            found.append(f"{case}: {heard.status} {heard.text}")
        elif after is not None and after != [*before, packages]:
            found.append(f"{case} was refused, and something was left: {heard.text}")
        packages = rows()[-1]  # what an accepted request stored stays on disk
    return found


def test_a_wrong_request_is_refused_whole(world: dict[str, Any]) -> None:
    assert [problem for operation in offered() for problem in check(operation, world, SHARE)] == []


@pytest.mark.storm
@pytest.mark.parametrize("operation", offered())
def test_every_wrong_request_is_refused_whole(world: dict[str, Any], operation: str) -> None:
    assert check(operation, world, 1) == []
