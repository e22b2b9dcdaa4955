"""Tags through boto3: of functions; of mappings see tests/mappings."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.models import Function
from tests.wire.functions import ARN, create, refused

pytestmark = pytest.mark.django_db

FN = ARN + "function:fn"
BAD = "InvalidParameterValueException"


def tags(api: Any) -> Any:
    return api.list_tags(Resource=FN)["Tags"]


def test_tags_are_set_at_creation_added_to_replaced_and_removed(api: Any) -> None:
    create(api, Tags={"a": "1"})
    before = api.get_function_configuration(FunctionName="fn")["RevisionId"]
    answer = api.tag_resource(Resource=FN, Tags={"b": "ü /+", "a": "2"})
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags(api) == {"a": "2", "b": "ü /+"}
    assert api.get_function(FunctionName="fn")["Tags"] == {"a": "2", "b": "ü /+"}
    assert api.untag_resource(Resource=FN, TagKeys=["b", "unknown"])["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert tags(api) == {"a": "2"}
    api.untag_resource(Resource=FN, TagKeys=["a"])
    assert tags(api) == {}
    assert "Tags" not in api.get_function(FunctionName="fn")
    assert api.get_function_configuration(FunctionName="fn")["RevisionId"] == before


def test_a_resource_takes_fifty_tags(api: Any) -> None:
    create(api, Tags={f"k{number}": "" for number in range(49)})
    limit = (BAD, 400, "Number of tags exceeds resource tag limit.")
    assert refused(api.tag_resource, Resource=FN, Tags={"x": "", "y": ""}) == limit
    assert len(tags(api)) == 49
    api.tag_resource(Resource=FN, Tags={"k0": "changed", "x": ""})
    assert len(tags(api)) == 50
    assert refused(create, api=api, name="other", Tags={f"k{number}": "" for number in range(51)}) == limit
    assert Function.objects.count() == 1


WRONG: dict[str, tuple[str, dict[str, Any], tuple[str, int, str]]] = {
    "no tags": ("tag_resource", {"Tags": {}}, (BAD, 400, "An error occurred and the request cannot be processed.")),
    "AWS's own": (
        "tag_resource",
        {"Tags": {"aws:x": "1"}},
        (BAD, 400, "The tag key 'aws:x' is invalid: keys that begin with aws: are AWS's own."),
    ),
    "no keys": (
        "untag_resource",
        {"TagKeys": []},
        (
            "ValidationException",
            400,
            "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: "
            "Member must not be null",
        ),
    ),
    "a version": (
        "list_tags",
        {"Resource": FN + ":1"},
        (BAD, 400, "Tags on function aliases and versions are not supported. Please specify a function ARN."),
    ),
    "no such function": (
        "list_tags",
        {"Resource": ARN + "function:none"},
        ("ResourceNotFoundException", 404, f"Function not found: {ARN}function:none"),
    ),
    "another region's": (
        "tag_resource",
        {"Resource": FN.replace("us-east-1", "eu-west-1"), "Tags": {"a": "b"}},
        ("ResourceNotFoundException", 404, f"Function not found: {FN.replace('us-east-1', 'eu-west-1')}"),
    ),
    "no such mapping": (
        "list_tags",
        {"Resource": ARN + "event-source-mapping:00000000-0000-0000-0000-000000000000"},
        ("ResourceNotFoundException", 404, "The resource you requested does not exist."),
    ),
    "what is not offered": (
        "list_tags",
        {"Resource": ARN + "capacity-provider:x"},
        (BAD, 400, "lambdaplay does not offer capacity-providers, and so no tags of them."),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_tagged(api: Any, case: str) -> None:
    create(api)
    call, arguments, expected = WRONG[case]
    assert refused(getattr(api, call), **{"Resource": FN, **arguments}) == expected
    assert tags(api) == {}


def test_a_resource_that_is_no_such_arn(api: Any) -> None:
    answer = refused(api.list_tags, Resource="fn")
    assert answer[:2] == ("ValidationException", 400)
    assert "at 'resource' failed to satisfy constraint" in answer[2]
