"""What may be asked of a mapping of Kafka, and what it looks like. No broker is asked when one is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from invocations.decisions.mapping_options import Options
from invocations.errors import InvalidParameterValue, Refusal, ResourceConflict, UnsupportedOption, ValidationException
from invocations.flows import mappings
from invocations.models import Mapping, Poller
from invocations.sources import kafka
from invocations.wire.services.lambda_.mappings import shape
from tests.flows.conftest import SCOPE, Make, refused
from tests.mappings.conftest import World, settle
from tests.mappings.topics import MSK, NETWORK, PROVISIONED

SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:kafka-AbCdEf"
BROKERS = {"SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}}}
ASKED = {**BROKERS, "Topics": ["topic"], "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}]}
NO_TOPIC = "Unsupported DestinationConfig parameter for given event source mapping type."
FOR_TYPE = "parameter for given event source mapping type."


@pytest.fixture(autouse=True)
def here(world: World, settings: Any) -> None:
    settings.LAMBDAPLAY_MSK_BROKERS = {"orders": ("localhost:9092",)}


def create(members: dict[str, Any], arn: str | None = None, function: str = "fn", **options: Any) -> Mapping:
    given = Options(**{"starting_position": "TRIM_HORIZON", **options})
    return mappings.create(SCOPE, mappings.Draft(function, arn, given, others=members))


def access(name: str, uri: str = SECRET) -> dict[str, Any]:
    return {"SourceAccessConfigurations": [{"Type": name, "URI": uri}]}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ASKED.items() if key != name}


def test_what_a_self_managed_mapping_looks_like() -> None:
    row = create(ASKED)
    found = shape(row)
    assert found.pop("LastModified")
    assert found == {
        "UUID": row.uuid,
        "BatchSize": 100,
        "EventSourceMappingArn": row.arn,
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:fn",
        "LastProcessingResult": "No records processed",
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka:1000"]}},
        "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": row.uuid},
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}],
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "Topics": ["topic"],
    }
    assert not Poller.objects.exists()
    settle()
    assert mappings.get(SCOPE, row.uuid).state == "Enabled"
    assert Poller.objects.get(mapping=row).shard == "", "the scout, which asks the brokers"


def test_what_a_mapping_of_msk_looks_like() -> None:
    members = {
        "Topics": ["topic"],
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
        "ProvisionedPollerConfig": {"MaximumPollers": 5},
    }
    row = create(members, MSK, window_seconds=0, max_retries=3, on_failure="arn:aws:s3:::dead", report_failures=True)
    found = shape(row)
    for name in ("UUID", "LastModified", "EventSourceMappingArn", "FunctionArn"):
        found.pop(name)
    assert found == {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "EventSourceArn": MSK,
        "LastProcessingResult": "No records processed",
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
        "ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 5},
        "MaximumRetryAttempts": 3,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::dead"}},
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
        "Topics": ["topic"],
    }


@pytest.mark.parametrize(
    ("kind", "arn", "members", "text"),
    [
        (
            InvalidParameterValue,
            None,
            without("SourceAccessConfigurations"),
            "Required 'sourceAccessConfigurations' parameter is missing.",
        ),
        (InvalidParameterValue, None, without("SelfManagedEventSource"), "Unrecognized event source."),
        (InvalidParameterValue, None, without("Topics"), "Required 'topics' parameter is missing."),
        (InvalidParameterValue, MSK, {}, "Required 'topics' parameter is missing."),
        (InvalidParameterValue, MSK.replace("cluster/", "topic/"), ASKED, "Unrecognized event source."),
        (InvalidParameterValue, MSK, {**BROKERS, "Topics": ["t1"]}, f"Unsupported 'selfManagedEventSource' {FOR_TYPE}"),
        (
            InvalidParameterValue,
            None,
            {**ASKED, "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}},
            f"Unsupported 'amazonManagedKafkaEventSourceConfig' {FOR_TYPE}",
        ),
        (InvalidParameterValue, None, {**ASKED, "Queues": ["q"]}, f"Unsupported 'queues' {FOR_TYPE}"),
        (
            ValidationException,
            None,
            {**ASKED, "Topics": [".no"]},
            "1 validation error detected: Value '.no' at 'topics' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [^.]([a-zA-Z0-9\-_.]+)",
        ),
        (
            InvalidParameterValue,
            MSK,
            {"Topics": ["topic"], **access("BASIC_AUTH")},
            "SourceAccessConfigurations of type BASIC_AUTH are not for Amazon MSK.",
        ),
        (
            InvalidParameterValue,
            None,
            {**ASKED, **access("VIRTUAL_HOST", "/")},
            "SourceAccessConfigurations of type VIRTUAL_HOST are not for self-managed Apache Kafka.",
        ),
        (
            UnsupportedOption,
            None,
            {**ASKED, **access("OAUTHBEARER_AUTH")},
            "lambdaplay does not support SourceAccessConfigurations of type OAUTHBEARER_AUTH.",
        ),
        (
            UnsupportedOption,
            MSK,
            {"Topics": ["topic"], **access("IAM_AUTH")},
            "lambdaplay does not support SourceAccessConfigurations of type IAM_AUTH.",
        ),
        (
            InvalidParameterValue,
            None,
            {**ASKED, **access("BASIC_AUTH", "kafka")},
            "The URI of BASIC_AUTH must be the ARN of a Secrets Manager secret; 'kafka' is none.",
        ),
        (
            InvalidParameterValue,
            None,
            {
                **ASKED,
                "SourceAccessConfigurations": [
                    {"Type": "BASIC_AUTH", "URI": SECRET},
                    {"Type": "SASL_SCRAM_256_AUTH", "URI": SECRET},
                ],
            },
            "SourceAccessConfigurations name more than one way in: BASIC_AUTH, SASL_SCRAM_256_AUTH.",
        ),
        (
            UnsupportedOption,
            None,
            {**ASKED, "SelfManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {"EventRecordFormat": "JSON"}}},
            "lambdaplay does not support SchemaRegistryConfig: records are handed over as they are.",
        ),
        (
            UnsupportedOption,
            None,
            {**ASKED, "SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}},
            "lambdaplay does not support the ConsumptionMode Queue: partitions are read in order.",
        ),
        (
            UnsupportedOption,
            None,
            {**ASKED, "ProvisionedPollerConfig": {"PollerGroupName": "g"}},
            "lambdaplay does not support PollerGroupName: each mapping has pollers of its own.",
        ),
        (
            InvalidParameterValue,
            None,
            {**ASKED, "ProvisionedPollerConfig": {"MinimumPollers": 5, "MaximumPollers": 4}},
            "MinimumPollers (5) must not be more than MaximumPollers (4), and that not more than 2000.",
        ),
        (
            InvalidParameterValue,
            MSK.replace("orders", "visits"),
            {"Topics": ["topic"]},
            "No brokers are known for the Amazon MSK cluster visits: set LAMBDAPLAY_MSK_BROKERS to "
            "'visits=host:port,host:port' (or '*=...' for any cluster) and start lambdaplay again.",
        ),
    ],
)
def test_what_is_refused(kind: type[Refusal], arn: str | None, members: dict[str, Any], text: str) -> None:
    assert refused(kind, lambda: create(members, arn)) == text
    assert not Mapping.objects.exists()


@pytest.mark.parametrize(
    ("option", "value", "name"),
    [
        ("parallelization_factor", 1, "parallelizationFactor"),
        ("tumbling_window_seconds", 1, "tumblingWindowInSeconds"),
        ("max_concurrency", 2, "scalingConfig"),
        # These are of provisioned mode.
        ("max_retries", 0, "maximumRetryAttempts"),
        ("max_record_age_seconds", 60, "maximumRecordAgeInSeconds"),
        ("bisect", True, "bisectBatchOnFunctionError"),
        ("report_failures", True, "functionResponseTypes"),
    ],
)
def test_options_of_others(option: str, value: object, name: str) -> None:
    told = refused(InvalidParameterValue, lambda: create(ASKED, None, "fn", **{option: value}))
    assert told == f"Unsupported '{name}' {FOR_TYPE}"


def test_a_start_is_required() -> None:
    told = refused(InvalidParameterValue, lambda: create(ASKED, starting_position=None))
    assert told.startswith("1 validation error detected: Value null at 'startingPosition'")


@pytest.mark.parametrize(("arn", "members"), [(None, ASKED), (MSK, {"Topics": ["topic"]})])
def test_a_topic_of_the_same_brokers_is_a_destination_in_provisioned_mode(
    arn: str | None, members: dict[str, Any]
) -> None:
    assert refused(InvalidParameterValue, lambda: create(members, arn, on_failure="kafka://dead")) == NO_TOPIC
    members = {**members, "ProvisionedPollerConfig": PROVISIONED}
    told = refused(InvalidParameterValue, lambda: create(members, arn, on_failure="kafka://topic"))
    assert told == "The on-failure destination kafka://topic is the topic that the mapping reads: name another topic."
    told = refused(ValidationException, lambda: create(members, arn, on_failure="kafka://.dead"))
    assert "Value 'kafka://.dead' at 'destinationConfig.onFailure.destination' failed" in told
    row = create(members, arn, on_failure="kafka://dead")
    assert shape(row)["DestinationConfig"] == {"OnFailure": {"Destination": "kafka://dead"}}
    assert refused(InvalidParameterValue, lambda: update(row, {"ProvisionedPollerConfig": {}})) == NO_TOPIC
    assert update(row, {"ProvisionedPollerConfig": {}}, on_failure="").on_failure == ""
    assert refused(InvalidParameterValue, lambda: update(row, {}, on_failure="kafka://dead")) == NO_TOPIC


def test_a_topic_is_mapped_once_to_a_function(make: Make) -> None:
    first = create(ASKED)
    assert refused(ResourceConflict, lambda: create(ASKED)) == (
        'An event source mapping with event source ("kafka:1000"), '
        'function ("arn:aws:lambda:us-east-1:000000000000:function:fn"), topics ("topic") already exists. '
        f"Please update or delete the existing mapping with UUID {first.uuid}"
    )
    create({**ASKED, "Topics": ["other"]})
    make("second")
    create(ASKED, function="second")
    assert Mapping.objects.count() == 3


def test_a_group_belongs_to_one_mapping() -> None:
    members = {**ASKED, "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"}}
    first = create(members)
    told = refused(ResourceConflict, lambda: create({**members, "Topics": ["other"]}))
    assert told == (
        f"The consumer group ID mine belongs to the event source mapping with UUID {first.uuid}; "
        "use another one, or none."
    )


def update(row: Mapping, members: dict[str, Any], **options: Any) -> Mapping:
    settle()
    return mappings.update(SCOPE, row.uuid, Options(**options), others=members)


def test_ways_in_and_pollers_are_replaced_and_the_group_stays() -> None:
    row = create({**ASKED, "ProvisionedPollerConfig": PROVISIONED}, max_retries=2)
    row = update(row, {"SourceAccessConfigurations": NETWORK}, batch_size=7)
    assert (row.batch_size, row.pollers_max, row.max_retries) == (7, 10, 2)
    assert row.access == [["VPC_SUBNET", "subnet:subnet-1"], ["VPC_SECURITY_GROUP", "security_group:sg-1"]]
    assert row.window_seconds is None
    told = refused(InvalidParameterValue, lambda: update(row, {"ProvisionedPollerConfig": {}}))
    assert told == f"Unsupported 'maximumRetryAttempts' {FOR_TYPE}"
    row = update(row, {"ProvisionedPollerConfig": {}}, max_retries=-1)
    assert (row.pollers_max, row.max_retries) == (None, -1)
    group = {"SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "other"}}
    assert "cannot be changed" in refused(InvalidParameterValue, lambda: update(row, group))
    assert update(row, {}, window_seconds=5).window_seconds == 5


def test_without_its_package_kafka_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "find_spec", lambda name: None)
    assert refused(InvalidParameterValue, lambda: create(ASKED)) == kafka.NOT_INSTALLED


def test_from_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("mapping", "create", "fn", "kafka:1000", "--topic", "topic", "--group", "mine", "--start", "LATEST")
    row = Mapping.objects.get()
    assert (row.servers, row.consumer_group, row.access) == ("kafka:1000", "mine", [["VPC_SUBNET", "subnet:local"]])
    asked = ["--topic", "topic", "--start", "LATEST", "--access", f"SASL_SCRAM_512_AUTH={SECRET}"]
    call_command("mapping", "create", "fn", MSK, *asked)
    assert Mapping.objects.get(source_arn=MSK).access == [["SASL_SCRAM_512_AUTH", SECRET]]
    call_command("mapping", "list")
    assert "kafka:1000 topic -> arn:aws:lambda:" in capsys.readouterr().out
