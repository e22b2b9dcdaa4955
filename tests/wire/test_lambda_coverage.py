"""No member of Lambda's API is silently ignored: what is said to be refused is, and all else is read somewhere."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations.wire.protocol.model import load
from invocations.wire.services.lambda_ import coverage
from tests.docs import lambda_coverage
from tests.docs.pages import ROOT
from tests.wire.functions import ARN, ROLE, create, zipped

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
CODE = zipped({"app.py": "x = 1"})
# A request that would be carried out, to which the refused member is added.
GOOD: dict[str, dict[str, Any]] = {
    "CreateFunction": {
        "FunctionName": "new",
        "Role": ROLE,
        "Runtime": "python3.12",
        "Handler": "app.x",
        "Code": {"ZipFile": CODE},
    },
    "UpdateFunctionConfiguration": {"FunctionName": "fn"},
    "UpdateFunctionCode": {"FunctionName": "fn", "ZipFile": CODE},
    "PublishVersion": {"FunctionName": "fn"},
    "ListFunctions": {},
    "PublishLayerVersion": {"LayerName": "new", "Content": {"ZipFile": CODE}},
    "AddLayerVersionPermission": {
        "LayerName": "layer",
        "VersionNumber": 1,
        "StatementId": "s",
        "Action": "lambda:GetLayerVersion",
        "Principal": "*",
    },
    "AddPermission": {"FunctionName": "fn", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"},
    "Invoke": {"FunctionName": "fn", "InvocationType": "DryRun"},
    "InvokeWithResponseStream": {"FunctionName": "fn", "InvocationType": "DryRun"},
    "PutRuntimeManagementConfig": {"FunctionName": "fn", "UpdateRuntimeOn": "Auto"},
    "CreateEventSourceMapping": {"FunctionName": "fn", "EventSourceArn": QUEUE},
    "UpdateEventSourceMapping": {"UUID": "set by the test"},
}
KEY = "arn:aws:kms:us-east-1:000000000000:key/x"
CAPACITY = {"CapacityProviderArn": ARN + "capacity-provider:x"}
VALUES: dict[str, Any] = {
    "VpcConfig": {"SubnetIds": ["subnet-1"]},
    "KMSKeyArn": KEY,
    "SourceKMSKeyArn": KEY,
    "FileSystemConfigs": [
        {
            "Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-00000000000000000",
            "LocalMountPath": "/mnt/x",
        }
    ],
    "ImageConfig": {"Command": ["x"]},
    "SnapStart": {"ApplyOn": "PublishedVersions"},
    "CapacityProviderConfig": {"LambdaManagedInstancesCapacityProviderConfig": CAPACITY},
    "DurableConfig": {"ExecutionTimeout": 5},
    "RuntimeConfig": {"RuntimeArn": "arn:aws:lambda:us-east-1:000000000000:runtime/xxxxx", "RuntimeAlias": "x"},
    "AcceleratorConfig": {"AcceleratorMemorySize": 1},
    "ImageUri": "x",
    "S3ObjectStorageMode": "REFERENCE",
    "PackageType": "Image",
    "PublishTo": "LATEST_PUBLISHED",
    "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
    "OrganizationId": "o-aaaaaaaaaa",
    "PrincipalOrgID": "o-aaaaaaaaaa",
    "TenantId": "t",
    "DurableExecutionName": "d",
    "RuntimeVersionArn": "arn:aws:lambda:us-east-1::runtime:0000000000000000",
    "MetricsConfig": {"Metrics": ["EventCount"]},
    "LoggingConfig": {"SystemLogLevel": "INFO"},
    "PollerGroupName": "x",
    "SchemaRegistryConfig": {"EventRecordFormat": "JSON"},
    "ConsumptionMode": "Queue",
    "DocumentDBEventSourceConfig": {"DatabaseName": "x"},
    "OnSuccess": {"Destination": QUEUE},
    "Queues": ["x"],
}
CASES = [(operation, path) for operation, paths in coverage.REFUSED.items() for path in paths.split()]


@pytest.fixture
def stage(api: Any, db: None) -> Any:
    """The client, with a function, a layer and a mapping."""
    from tests.wire.boto import client

    create(api)
    api.publish_layer_version(LayerName="layer", Content={"ZipFile": CODE})
    client("sqs").create_queue(QueueName="q")
    return api


@pytest.mark.parametrize(("operation", "path"), CASES, ids=lambda value: str(value))
def test_a_refused_member_is_refused_by_its_name(stage: Any, operation: str, path: str) -> None:
    request: dict[str, Any] = dict(GOOD[operation])
    if operation == "UpdateEventSourceMapping":
        request = {"UUID": stage.create_event_source_mapping(FunctionName="fn", EventSourceArn=QUEUE)["UUID"]}
    *outer, name = path.split(".")
    place = request
    for each in outer:
        place[each] = dict(place.get(each, {}))
        place = place[each]
    place[name] = VALUES[name]
    with pytest.raises(ClientError) as caught:
        stage._make_api_call(operation, request)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    named = [outer[0] if outer else name, name]  # AWS's own texts name the whole DestinationConfig
    assert any(each.lower() in error["Message"].replace("-", "").lower() for each in named), error


@cache
def words_of_the_code() -> frozenset[str]:
    """Every text constant of the code that reads requests."""
    folder = ROOT / "invocations"
    files = [
        *(folder / "wire/services/lambda_").glob("*.py"),
        folder / "flows/drafts.py",
        folder / "decisions/kafka_options.py",
    ]
    files = [file for file in files if file.name not in ("coverage.py", "shapes.py")]
    return frozenset(_constants(files))


def _constants(files: list[Path]) -> set[str]:
    trees = [ast.parse(file.read_text()) for file in files]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


# Read where they are parsed off the wire: the body, a header; or handed on as a whole.
READ_OTHERWISE = {
    "Payload",
    "InvokeArgs",
    "ClientContext",
    "AllowCredentials",
    "AllowHeaders",
    "AllowMethods",
    "AllowOrigins",
}
READ_OTHERWISE |= {"ExposeHeaders", "MaxAge"}


@pytest.mark.parametrize("operation", lambda_coverage.offered())
def test_every_other_member_is_read_by_the_code(operation: str) -> None:
    found = coverage.covered(operation, load("lambda").operation_model(operation).input_shape)
    names = {path.rpartition(".")[2] for path in (*found.acted_on, *found.answered)} - READ_OTHERWISE
    assert names <= words_of_the_code(), "read it, or say in coverage.py that it is refused"


def test_what_is_listed_is_in_the_model() -> None:
    for table, kind in ((coverage.REFUSED, "refused"), (coverage.ANSWERED, "answered")):
        for operation, paths in table.items():
            found = coverage.covered(operation, load("lambda").operation_model(operation).input_shape)
            assert set(getattr(found, kind)) == set(paths.split()), operation


def test_the_page_is_up_to_date() -> None:
    assert lambda_coverage.PAGE.read_text() == lambda_coverage.page(), lambda_coverage.__doc__


def test_an_operation_that_is_not_offered_is_refused_by_name(api: Any) -> None:
    for operation in lambda_coverage.others():
        model = load("lambda").operation_model(operation)
        shape = model.input_shape
        given = {name: "x" for name in (shape.members if shape is not None else ()) if f"{{{name}" in _path(model)}
        with pytest.raises(ClientError) as caught:
            api._make_api_call(operation, given)
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidParameterValueException"
        assert operation in error["Message"]


def _path(model: Any) -> str:
    path: str = model.http["requestUri"]
    return path
