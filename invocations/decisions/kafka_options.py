"""What an event source mapping of Kafka is asked for beside its options: a topic, brokers, ways in. Pure.

What AWS takes and lambdaplay would not act on is refused by name. Texts are AWS's where it has been heard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from invocations.decisions.constraints import detected, text_violation
from invocations.decisions.mapping_options import BAD_DESTINATION, MSK, SELF_MANAGED, Options, unsupported
from invocations.errors import InvalidParameterValue, UnsupportedOption, ValidationException

ENDPOINTS = "KAFKA_BOOTSTRAP_SERVERS"
CONFIGS = {MSK: "AmazonManagedKafkaEventSourceConfig", SELF_MANAGED: "SelfManagedKafkaEventSourceConfig"}
SERVERS_MAX = 2000  # characters of all bootstrap servers, commas included
TOPIC_SCHEME = "kafka://"  # of an on-failure destination: a topic of the same brokers
TOPIC_SERVICE = "kafka-topic"  # what delivers there; no ARN has that service
RETRIES_WITH_DESTINATION = 10  # AWS's limit where retries are endless and there is an on-failure destination

BASIC, SCRAM_256, SCRAM_512 = "BASIC_AUTH", "SASL_SCRAM_256_AUTH", "SASL_SCRAM_512_AUTH"
CLIENT_CERTIFICATE, ROOT_CERTIFICATE = "CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE"
# One of them says who we are; the root certificate says whom to believe.
LOGINS = (BASIC, SCRAM_256, SCRAM_512, CLIENT_CERTIFICATE)
_OF_NETWORKS = ("VPC_SUBNET", "VPC_SECURITY_GROUP")
_OF_KIND = {
    MSK: (SCRAM_512, CLIENT_CERTIFICATE),
    SELF_MANAGED: (*LOGINS, ROOT_CERTIFICATE, *_OF_NETWORKS),
}
_NOT_OFFERED = ("OAUTHBEARER", "IAM_")

# Only pollers in provisioned mode take them.
_PROVISIONED_ONLY = {
    "max_retries": ("maximumRetryAttempts", -1),
    "max_record_age_seconds": ("maximumRecordAgeInSeconds", -1),
    "bisect": ("bisectBatchOnFunctionError", False),
    "report_failures": ("functionResponseTypes", False),
}
_POLLERS_MAX = 2000
_POLLERS = {"MinimumPollers": 1, "MaximumPollers": 200}  # AWS's defaults


@dataclass(frozen=True)
class Cluster:
    """Where a mapping reads. In an update None leaves what there is."""

    topic: str = ""
    servers: tuple[str, ...] = ()  # () for Amazon MSK
    group: str = ""  # "": the mapping's UUID
    access: tuple[tuple[str, str], ...] | None = None  # (type, URI)
    pollers: Mapping[str, int] | None = field(default=None)  # provisioned mode; {}: on demand


def names_brokers(given: Mapping[str, Any]) -> bool:
    """Whether the request is for brokers that AWS does not run. Raises when it leaves out how they are entered."""
    if not given.get("SelfManagedEventSource"):
        return False
    if not given.get("SourceAccessConfigurations"):
        raise InvalidParameterValue("Required 'sourceAccessConfigurations' parameter is missing.")
    return True


def read(kind: str, given: Mapping[str, Any]) -> Cluster:
    """What CreateEventSourceMapping says of the cluster. Raises InvalidParameterValue, UnsupportedOption."""
    topics = given.get("Topics") or ()
    if not topics:
        raise InvalidParameterValue("Required 'topics' parameter is missing.")
    _check_texts("Topic", topics, "topics")
    servers = _servers(kind, given)
    return Cluster(topics[0], servers, _group(kind, given), _access(kind, given) or (), _pollers(given) or {})


def read_change(kind: str, group: str, given: Mapping[str, Any]) -> Cluster:
    """What UpdateEventSourceMapping says of it; the group stays as it was made."""
    if _group(kind, given) not in ("", group):
        raise InvalidParameterValue(f"The consumer group ID {group} cannot be changed: make another mapping instead.")
    return Cluster(access=_access(kind, given), pollers=_pollers(given))


def check_options(options: Options, pollers: Mapping[str, int], topic: str) -> None:
    """Raise for error handling without provisioned mode, which alone has it. `topic`: the one that is read."""
    for name, (told, nothing) in _PROVISIONED_ONLY.items():
        if not pollers and getattr(options, name) not in (None, nothing):
            raise unsupported(told)
    destination = options.on_failure or ""
    if destination.startswith(TOPIC_SCHEME):
        _check_topic_destination(destination, topic, provisioned=bool(pollers))


def _check_topic_destination(destination: str, topic: str, *, provisioned: bool) -> None:
    _check_texts("DestinationArn", [destination], "destinationConfig.onFailure.destination")
    if not provisioned:
        raise InvalidParameterValue(BAD_DESTINATION)
    if destination.removeprefix(TOPIC_SCHEME) == topic:
        raise InvalidParameterValue(
            f"The on-failure destination {destination} is the topic that the mapping reads: name another topic."
        )


def _servers(kind: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    endpoints = (given.get("SelfManagedEventSource") or {}).get("Endpoints") or {}
    servers = tuple(endpoints.get(ENDPOINTS) or ())
    if kind == MSK:
        if endpoints:
            raise unsupported("selfManagedEventSource")
        return ()
    if not servers:
        raise InvalidParameterValue("Unrecognized event source.")
    _check_texts("Endpoint", servers, "endpoints")
    if len(",".join(servers)) > SERVERS_MAX:
        raise UnsupportedOption(f"lambdaplay takes bootstrap servers of {SERVERS_MAX} characters together; name fewer.")
    return servers


def _group(kind: str, given: Mapping[str, Any]) -> str:
    for other, name in CONFIGS.items():
        if other != kind and given.get(name):
            raise unsupported(name[0].lower() + name[1:])
    config = given.get(CONFIGS[kind]) or {}
    if config.get("SchemaRegistryConfig"):
        raise UnsupportedOption(
            "lambdaplay does not support SchemaRegistryConfig: records are handed over as they are."
        )
    if config.get("ConsumptionMode", "Stream") != "Stream":
        raise UnsupportedOption("lambdaplay does not support the ConsumptionMode Queue: partitions are read in order.")
    return str(config.get("ConsumerGroupId") or "")


def _access(kind: str, given: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    configurations = given.get("SourceAccessConfigurations")
    if configurations is None:
        return None
    found = tuple((str(one.get("Type") or ""), str(one.get("URI") or "")) for one in configurations)
    for name, uri in found:
        _check_access(kind, name, uri)
    names = [name for name, _ in found if name not in _OF_NETWORKS]
    if len([name for name in names if name in LOGINS]) > 1 or len(names) != len(set(names)):
        raise InvalidParameterValue(f"SourceAccessConfigurations name more than one way in: {', '.join(names)}.")
    return found


def _check_access(kind: str, name: str, uri: str) -> None:
    if name.startswith(_NOT_OFFERED):
        raise UnsupportedOption(f"lambdaplay does not support SourceAccessConfigurations of type {name}.")
    if name not in _OF_KIND[kind]:
        where = "Amazon MSK" if kind == MSK else "self-managed Apache Kafka"
        raise InvalidParameterValue(f"SourceAccessConfigurations of type {name} are not for {where}.")
    if name not in _OF_NETWORKS and ":secretsmanager:" not in uri:
        raise InvalidParameterValue(f"The URI of {name} must be the ARN of a Secrets Manager secret; {uri!r} is none.")


def _pollers(given: Mapping[str, Any]) -> Mapping[str, int] | None:
    config = given.get("ProvisionedPollerConfig")
    if not config:
        return config
    if config.get("PollerGroupName"):
        raise UnsupportedOption("lambdaplay does not support PollerGroupName: each mapping has pollers of its own.")
    found = {name: config.get(name, default) for name, default in _POLLERS.items()}
    if not found["MinimumPollers"] <= found["MaximumPollers"] <= _POLLERS_MAX:
        raise InvalidParameterValue(
            f"MinimumPollers ({found['MinimumPollers']}) must not be more than MaximumPollers "
            f"({found['MaximumPollers']}), and that not more than {_POLLERS_MAX}."
        )
    return found


def _check_texts(shape: str, texts: Sequence[str], field: str) -> None:
    problems = [text_violation(shape, text, field) for text in texts]
    found = [problem for problem in problems if problem]
    if found:
        raise ValidationException(detected(found))
