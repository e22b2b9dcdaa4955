"""LoggingConfig, runtime management, account settings and what is refused by name, through boto3."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.flows.specs import spec_for
from invocations.models import FunctionVersion
from tests.wire.functions import ARN, create, refused

pytestmark = pytest.mark.django_db

BAD = "InvalidParameterValueException"
GROUP = {"LogGroup": "/aws/lambda/fn"}
LEVELS = "ApplicationLogLevel and SystemLogLevel can be set only together with the LogFormat JSON."


def test_logging_is_text_unless_asked_otherwise_and_merges(api: Any) -> None:
    assert create(api)["LoggingConfig"] == {"LogFormat": "Text", **GROUP}

    def change(**wanted: str) -> Any:
        found = api.update_function_configuration(FunctionName="fn", LoggingConfig=wanted)["LoggingConfig"]
        assert api.get_function_configuration(FunctionName="fn")["LoggingConfig"] == found
        return found

    info = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert change(LogFormat="JSON") == {"LogFormat": "JSON", **info, **GROUP}
    assert change(ApplicationLogLevel="TRACE") == {**info, "LogFormat": "JSON", "ApplicationLogLevel": "TRACE", **GROUP}
    mine = {"LogGroup": "/mine"}
    assert change(**mine) == {**info, "LogFormat": "JSON", "ApplicationLogLevel": "TRACE", **mine}
    assert change(LogFormat="Text") == {"LogFormat": "Text", **mine}
    answer = refused(
        api.update_function_configuration, FunctionName="fn", LoggingConfig={"SystemLogLevel": "WARN"}, Timeout=9
    )
    assert answer == (BAD, 400, LEVELS)
    assert api.get_function_configuration(FunctionName="fn")["Timeout"] == 3
    assert refused(create, api=api, name="x", LoggingConfig={"ApplicationLogLevel": "INFO"}) == (BAD, 400, LEVELS)


def test_a_version_keeps_its_log_format_and_another_format_is_another_environment(api: Any) -> None:
    create(api, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"}, Publish=True)
    latest = FunctionVersion.objects.select_related("function").get(version="$LATEST")
    before = spec_for(latest.function, latest)
    assert (before.log_format, before.application_log_level, before.system_log_level) == ("JSON", "INFO", "WARN")
    FunctionVersion.objects.filter(pk=latest.pk).update(system_log_level="DEBUG")
    latest.refresh_from_db()
    assert spec_for(latest.function, latest).key != before.key
    shown = api.get_function_configuration(FunctionName="fn", Qualifier="1")["LoggingConfig"]
    assert shown["SystemLogLevel"] == "WARN"


def test_runtimes_are_always_the_machines_own(api: Any) -> None:
    create(api, Publish=True)
    answer = api.get_runtime_management_config(FunctionName="fn")
    answer.pop("ResponseMetadata")
    assert answer == {"UpdateRuntimeOn": "Auto", "FunctionArn": ARN + "function:fn:$LATEST"}
    put = api.put_runtime_management_config
    answer = put(FunctionName="fn", Qualifier="1", UpdateRuntimeOn="Auto")
    assert answer["FunctionArn"] == ARN + "function:fn:1"
    says = "functions run on the interpreters of this machine, always (Auto)."
    for mode in ("Manual", "FunctionUpdate"):
        expected = (BAD, 400, f"lambdaplay does not support UpdateRuntimeOn {mode}: {says}")
        assert refused(put, FunctionName="fn", UpdateRuntimeOn=mode) == expected
    version = api.get_function_configuration(FunctionName="fn")["RuntimeVersionConfig"]["RuntimeVersionArn"]
    answer = refused(put, FunctionName="fn", UpdateRuntimeOn="Auto", RuntimeVersionArn=version)
    assert answer == (BAD, 400, f"lambdaplay does not support RuntimeVersionArn: {says}")
    gone = ("ResourceNotFoundException", 404, f"Function not found: {ARN}function:none")
    assert refused(put, FunctionName="none", UpdateRuntimeOn="Auto") == gone
    assert refused(api.get_runtime_management_config, FunctionName="none") == gone


def test_the_account_has_awss_limits(api: Any) -> None:
    create(api, Publish=True)
    answer = api.get_account_settings()
    assert answer["AccountLimit"] == {
        "TotalCodeSize": 80530636800,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 1000,
    }
    size = api.get_function_configuration(FunctionName="fn")["CodeSize"]
    assert answer["AccountUsage"] == {"TotalCodeSize": 2 * size, "FunctionCount": 1}
    api.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=100)
    assert api.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 900


OPTIONS: dict[str, Any] = {
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "FileSystemConfigs": [
        {
            "Arn": "arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-00000000000000000",
            "LocalMountPath": "/mnt/x",
        }
    ],
    "ImageConfig": {"Command": ["x"]},
    "KMSKeyArn": "arn:aws:kms:us-east-1:000000000000:key/x",
    "SnapStart": {"ApplyOn": "PublishedVersions"},
    "DurableConfig": {"ExecutionTimeout": 5},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_that_nothing_acts_on_is_refused_by_name(api: Any, option: str) -> None:
    expected = (BAD, 400, f"lambdaplay does not support {option} with this value; leave it out.")
    assert refused(create, api=api, **{option: OPTIONS[option]}) == expected
    create(api)
    assert refused(api.update_function_configuration, FunctionName="fn", **{option: OPTIONS[option]}) == expected


def test_lists_have_every_version_when_asked_and_no_replicas_of_edge_functions(api: Any) -> None:
    create(api, Publish=True)
    create(api, name="other")

    def listed(**wanted: str) -> list[tuple[str, str]]:
        return [(one["FunctionName"], one["Version"]) for one in api.list_functions(**wanted)["Functions"]]

    assert listed() == [("fn", "$LATEST"), ("other", "$LATEST")]
    assert sorted(listed(FunctionVersion="ALL")) == [("fn", "$LATEST"), ("fn", "1"), ("other", "$LATEST")]
    assert listed(FunctionVersion="ALL", MasterRegion="us-east-1") == []
    text = "MasterRegion lists replicas of Lambda@Edge functions: set FunctionVersion to ALL."
    assert refused(api.list_functions, MasterRegion="us-east-1") == (BAD, 400, text)
