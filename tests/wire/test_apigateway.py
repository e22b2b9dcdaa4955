"""HTTP APIs through boto3: made, read, changed, deleted, and what is refused in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from invocations.flows.http_api import apis
from invocations.flows.http_api.apis import Wishes
from invocations.models import Api
from invocations.values import Scope
from tests.wire.boto import client

pytestmark = pytest.mark.django_db

ARN = "arn:aws:lambda:us-east-1:000000000000:function:shop"
ACCOUNT = "000000000000"


@pytest.fixture
def gateway() -> Any:
    return client("apigatewayv2")


@pytest.fixture
def api(gateway: Any) -> str:
    made: str = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    return made


def refused(call: Any, **arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def test_an_api_s_life(gateway: Any) -> None:
    made = gateway.create_api(Name="shop", ProtocolType="HTTP", Description="d", Version="7", Tags={"a": "b"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    api = made["ApiId"]
    assert made["ApiEndpoint"].startswith("http://") and api in made["ApiEndpoint"]
    assert (made["ProtocolType"], made["RouteSelectionExpression"]) == ("HTTP", "$request.method $request.path")
    found = gateway.get_api(ApiId=api)
    assert (found["Name"], found["Description"], found["Version"], found["Tags"]) == ("shop", "d", "7", {"a": "b"})
    changed = gateway.update_api(
        ApiId=api, Name="store", CorsConfiguration={"AllowOrigins": ["https://a.example"], "MaxAge": 0}
    )
    assert (changed["Name"], changed["Description"]) == ("store", "d")
    assert changed["CorsConfiguration"] == {"AllowOrigins": ["https://a.example"], "MaxAge": 0}
    gateway.delete_cors_configuration(ApiId=api)
    assert "CorsConfiguration" not in gateway.get_api(ApiId=api)
    assert [one["Name"] for one in gateway.get_apis()["Items"]] == ["store"]
    assert client("apigatewayv2", "eu-west-1").get_apis()["Items"] == []
    gateway.delete_api(ApiId=api)
    assert refused(gateway.get_api, ApiId=api) == (
        404,
        "NotFoundException",
        f"Invalid API identifier specified {ACCOUNT}:{api}",
    )


def test_quick_creation_makes_all_that_is_needed(gateway: Any) -> None:
    api = gateway.create_api(Name="shop", ProtocolType="HTTP", Target=ARN)["ApiId"]
    (integration,) = gateway.get_integrations(ApiId=api)["Items"]
    (route,) = gateway.get_routes(ApiId=api)["Items"]
    (stage,) = gateway.get_stages(ApiId=api)["Items"]
    assert integration == {
        "ApiGatewayManaged": True,
        "ConnectionType": "INTERNET",
        "IntegrationId": integration["IntegrationId"],
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": ARN,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 30_000,
    }
    assert (route["RouteKey"], route["Target"]) == ("$default", f"integrations/{integration['IntegrationId']}")
    assert (stage["StageName"], stage["AutoDeploy"], stage["ApiGatewayManaged"]) == ("$default", True, True)
    gateway.update_api(ApiId=api, Target=f"{ARN}:live", RouteKey="GET /a")
    assert gateway.get_integrations(ApiId=api)["Items"][0]["IntegrationUri"] == f"{ARN}:live"
    assert gateway.get_routes(ApiId=api)["Items"][0]["RouteKey"] == "GET /a"
    for call, part in (
        (gateway.delete_route, {"RouteId": route["RouteId"]}),
        (gateway.delete_integration, {"IntegrationId": integration["IntegrationId"]}),
        (gateway.delete_stage, {"StageName": "$default"}),
    ):
        assert refused(call, ApiId=api, **part)[:2] == (400, "BadRequestException")
    gateway.delete_api(ApiId=api)
    assert not Api.objects.exists()


def test_parts_are_made_changed_and_deleted(gateway: Any, api: str) -> None:
    behind = gateway.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=ARN)
    assert (behind["PayloadFormatVersion"], behind["TimeoutInMillis"]) == ("1.0", 30_000)
    own = behind["IntegrationId"]
    route = gateway.create_route(ApiId=api, RouteKey="GET /a/{b}", Target=f"integrations/{own}")
    assert (route["AuthorizationType"], route["ApiKeyRequired"]) == ("NONE", False)
    stage = gateway.create_stage(ApiId=api, StageName="dev", AutoDeploy=True, StageVariables={"a": "b"})
    assert gateway.get_stage(ApiId=api, StageName="dev")["StageVariables"] == {"a": "b"}
    changed = gateway.update_integration(
        ApiId=api, IntegrationId=own, PayloadFormatVersion="2.0", TimeoutInMillis=50, Description="d"
    )
    assert (changed["IntegrationUri"], changed["TimeoutInMillis"], changed["Description"]) == (ARN, 50, "d")
    assert gateway.get_integration(ApiId=api, IntegrationId=own)["PayloadFormatVersion"] == "2.0"
    gateway.update_route(ApiId=api, RouteId=route["RouteId"], RouteKey="ANY /b", OperationName="o")
    found = gateway.get_route(ApiId=api, RouteId=route["RouteId"])
    assert (found["RouteKey"], found["Target"], found["OperationName"]) == ("ANY /b", f"integrations/{own}", "o")
    later = gateway.update_stage(ApiId=api, StageName="dev", Description="d", StageVariables={})
    assert (later["Description"], later["StageVariables"]) == ("d", {})
    assert later["DeploymentId"] != stage["DeploymentId"]
    assert refused(gateway.delete_integration, ApiId=api, IntegrationId=own) == (
        409,
        "ConflictException",
        f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{route['RouteId']}]",
    )
    gateway.delete_route(ApiId=api, RouteId=route["RouteId"])
    gateway.delete_integration(ApiId=api, IntegrationId=own)
    gateway.delete_stage(ApiId=api, StageName="dev")
    assert gateway.get_routes(ApiId=api)["Items"] == gateway.get_stages(ApiId=api)["Items"] == []
    assert refused(gateway.get_route, ApiId=api, RouteId="absent")[1:] == (
        "NotFoundException",
        "Invalid Route identifier specified absent",
    )


def test_lists_have_pages(gateway: Any, api: str) -> None:
    for number in range(3):
        gateway.create_route(ApiId=api, RouteKey=f"GET /{number}")
    first = gateway.get_routes(ApiId=api, MaxResults="2")
    second = gateway.get_routes(ApiId=api, MaxResults="2", NextToken=first["NextToken"])
    keys = [one["RouteKey"] for one in (*first["Items"], *second["Items"])]
    assert (keys, "NextToken" in second) == (["GET /0", "GET /1", "GET /2"], False)


def test_tags(gateway: Any, api: str) -> None:
    gateway.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    for arn in (f"arn:aws:apigateway:us-east-1::/apis/{api}", f"arn:aws:apigateway:us-east-1::/apis/{api}/stages/dev"):
        gateway.tag_resource(ResourceArn=arn, Tags={"a": "b", "c": "d"})
        gateway.untag_resource(ResourceArn=arn, TagKeys=["a"])
        assert gateway.get_tags(ResourceArn=arn)["Tags"] == {"c": "d"}
    assert refused(gateway.get_tags, ResourceArn="arn:aws:sns:us-east-1::x")[1] == "BadRequestException"


FORMAT = 'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"'


@pytest.mark.parametrize(
    ("operation", "arguments", "text"),
    [
        ("create_route", {"RouteKey": "GET"}, FORMAT),
        ("create_route", {"RouteKey": "GET /a", "Target": "integrations/none"}, "Invalid Integration identifier"),
        ("create_route", {"RouteKey": "GET /a", "AuthorizationType": "JWT"}, "AuthorizationType JWT"),
        ("create_route", {"RouteKey": "GET /a", "RequestParameters": {"a": {"Required": True}}}, "RequestParameters"),
        ("create_integration", {"IntegrationType": "HTTP_PROXY", "IntegrationUri": "http://a"}, "HTTP_PROXY"),
        ("create_integration", {"IntegrationType": "AWS_PROXY", "IntegrationUri": "f"}, "Invalid function ARN"),
        ("create_integration", {"IntegrationType": "AWS_PROXY"}, "IntegrationUri is required"),
        ("create_integration", {"IntegrationType": "AWS_PROXY", "IntegrationUri": ARN, "TimeoutInMillis": 49}, "50"),
        (
            "create_integration",
            {"IntegrationType": "AWS_PROXY", "IntegrationUri": ARN, "PayloadFormatVersion": "3"},
            "",
        ),
        ("create_integration", {}, "integrationType"),
        ("create_stage", {"StageName": "dev"}, "wait for a deployment"),
        ("create_stage", {"StageName": "a b", "AutoDeploy": True}, "Stage name only allows"),
        ("create_stage", {"StageName": "dev", "AutoDeploy": True, "StageVariables": {"a-b": "c"}}, "a-b=c"),
        ("create_stage", {"StageName": "dev", "AutoDeploy": True, "AccessLogSettings": {"Format": "x"}}, "AccessLog"),
        (
            "create_stage",
            {"StageName": "d", "AutoDeploy": True, "DefaultRouteSettings": {"ThrottlingRateLimit": 1.0}},
            "DefaultRouteSettings",
        ),
        ("update_api", {"CorsConfiguration": {"AllowCredentials": True, "AllowOrigins": ["*"]}}, "allowCredentials"),
        ("update_api", {"IpAddressType": "dualstack"}, "IpAddressType dualstack"),
        ("update_api", {"Target": ARN}, "quick create"),
        ("get_routes", {"MaxResults": "many"}, "MaxResults"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    gateway: Any, api: str, operation: str, arguments: dict[str, Any], text: str
) -> None:
    status, code, message = refused(getattr(gateway, operation), ApiId=api, **arguments)
    assert (status, code) == (400, "BadRequestException")
    assert text in message
    kept = Api.objects.get(api_id=api)
    assert (kept.revision, kept.routes.count(), kept.stages.count(), kept.integrations.count()) == (0, 0, 0, 0)


def test_what_is_there_already_is_a_conflict(gateway: Any, api: str) -> None:
    gateway.create_route(ApiId=api, RouteKey="GET /a/{b}")
    again = refused(gateway.create_route, ApiId=api, RouteKey="GET /a/{c}")
    assert again == (409, "ConflictException", "Route with key GET /a/{c} already exists for this API")
    gateway.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    assert refused(gateway.create_stage, ApiId=api, StageName="dev", AutoDeploy=True)[0] == 409


def test_other_operations_are_refused_by_name(gateway: Any, api: str) -> None:
    assert "WEBSOCKET" in refused(gateway.create_api, Name="x", ProtocolType="WEBSOCKET")[2]
    assert "CreateDeployment" in refused(gateway.create_deployment, ApiId=api)[2]
    assert "CreateRestApi" in refused(client("apigateway").create_rest_api, name="x")[2]


def test_rest_apis_are_another_service_s(gateway: Any) -> None:
    api = apis.create(Scope(ACCOUNT, "us-east-1"), Wishes(name="old"), kind=Api.Kind.REST, stage="dev").api_id
    assert gateway.get_apis()["Items"] == []
    assert refused(gateway.get_api, ApiId=api)[1] == "NotFoundException"
