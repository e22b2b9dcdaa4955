"""The texts of violated constraints, as AWS's front end writes them."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest
from botocore.model import ServiceModel

from invocations.errors import ValidationException
from invocations.wire.protocol import constraints
from invocations.wire.protocol.model import load


def text(operation: str, params: dict[str, Any], model: str = "lambda") -> str:
    with pytest.raises(ValidationException) as refused:
        constraints.validate(load(model).operation_model(operation).input_shape, params)
    return refused.value.message


ROLE = "arn:aws:iam::000000000000:role/r"
GOOD = {"FunctionName": "fn", "Role": ROLE, "Code": {}}


@pytest.mark.parametrize(
    ("operation", "params", "expected"),
    [
        (
            "CreateFunction",
            {},
            "3 validation errors detected: "
            "Value null at 'functionName' failed to satisfy constraint: Member must not be null; "
            "Value null at 'role' failed to satisfy constraint: Member must not be null; "
            "Value null at 'code' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateFunction",
            {**GOOD, "Timeout": 901},
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900",
        ),
        (
            "CreateFunction",
            {**GOOD, "MemorySize": 127, "EphemeralStorage": {"Size": 10241}},
            "2 validation errors detected: Value '127' at 'memorySize' failed to satisfy constraint: "
            "Member must have value greater than or equal to 128; Value '10241' at 'ephemeralStorage.size' failed to "
            "satisfy constraint: Member must have value less than or equal to 10240",
        ),
        (
            "CreateFunction",
            {**GOOD, "Role": "nobody"},
            "1 validation error detected: Value 'nobody' at 'role' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        ),
        (
            "CreateFunction",
            {**GOOD, "TracingConfig": {"Mode": "Loud"}},
            "1 validation error detected: Value 'Loud' at 'tracingConfig.mode' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, PassThrough]",
        ),
        (
            "CreateFunction",
            {**GOOD, "Architectures": ["z80"]},
            "1 validation error detected: Value '[z80]' at 'architectures' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
            "Member must not be null]",
        ),
        (
            "CreateFunction",
            {**GOOD, "Environment": {"Variables": {"1bad": "secret"}}},
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must "
            "satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+, "
            "Member must not be null]",
        ),
        (
            "GetFunction",
            {"FunctionName": "*", "Qualifier": "x" * 129},
            "2 validation errors detected: Value '*' at 'functionName' failed to satisfy constraint: Member must "
            r"satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?"
            r")))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?; "
            f"Value '{'x' * 129}' at 'qualifier' failed to satisfy constraint: "
            "Member must have length less than or equal to 128",
        ),
        (
            "CreateAlias",
            {
                "FunctionName": "fn",
                "Name": "live",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 1.5}},
            },
            "1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to "
            "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0, Member must not be null]",
        ),
        (
            "ListFunctions",
            {"MaxItems": 0},
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
    ],
)
def test_violations_are_told_in_aws_s_words(operation: str, params: dict[str, Any], expected: str) -> None:
    assert text(operation, params) == expected


def test_structures_in_lists_are_named_by_their_place() -> None:
    found = text("DeleteMessageBatch", {"QueueUrl": "u", "Entries": [{"Id": "1", "ReceiptHandle": "r"}, {}]}, "sqs")
    assert found.startswith("2 validation errors detected: Value null at 'entries.2.member.id'")


def test_a_long_value_is_not_echoed_whole() -> None:
    assert len(text("CreateFunction", {**GOOD, "Description": "x" * 1_000_000})) < 4000


def test_what_is_allowed_passes() -> None:
    shape = load("lambda").operation_model("CreateFunction").input_shape
    constraints.validate(shape, {**GOOD, "Timeout": 900, "MemorySize": 10240, "Layers": [], "Description": ""})


def test_unchecked_fields_are_left_to_the_service() -> None:
    shape = load("lambda").operation_model("CreateFunction").input_shape
    constraints.validate(shape, {**GOOD, "Runtime": "cobol"}, unchecked=("runtime",))


def patterns(model: ServiceModel) -> set[str]:
    shapes = (model.shape_for(name) for name in model.shape_names)
    return {shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata}


@pytest.mark.parametrize("name", ["lambda", "sts"])
def test_every_pattern_of_our_services_can_be_checked(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pattern in patterns(load(name)):
            assert isinstance(constraints._compiled(pattern), re.Pattern), pattern
