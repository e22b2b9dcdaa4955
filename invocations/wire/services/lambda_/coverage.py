"""What becomes of each operation and each member of Lambda's API: acted on, answered as AWS, or refused by name.

The model says which operations and members there are. Here stands what is *not* acted on; a test sends every refused
member and reads every other one's name in the code, and docs/lambda-coverage.md is made of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from botocore.model import Shape, StructureShape

_OF_FUNCTIONS = (
    "VpcConfig KMSKeyArn FileSystemConfigs ImageConfig SnapStart CapacityProviderConfig DurableConfig RuntimeConfig "
    "AcceleratorConfig"
)
_OF_MAPPINGS = (
    "KMSKeyArn MetricsConfig LoggingConfig ProvisionedPollerConfig.PollerGroupName DocumentDBEventSourceConfig "
    "AmazonManagedKafkaEventSourceConfig.SchemaRegistryConfig SelfManagedKafkaEventSourceConfig.SchemaRegistryConfig "
    "SelfManagedKafkaEventSourceConfig.ConsumptionMode DestinationConfig.OnSuccess"
)
# Refused unless it asks for nothing (`VpcConfig` without subnets, `SnapStart` `None`, `PackageType` `Zip` ...).
REFUSED: Mapping[str, str] = {
    "CreateFunction": f"{_OF_FUNCTIONS} Code.ImageUri Code.S3ObjectStorageMode Code.SourceKMSKeyArn PackageType "
    "PublishTo TenancyConfig",
    "UpdateFunctionConfiguration": _OF_FUNCTIONS,
    "UpdateFunctionCode": "ImageUri S3ObjectStorageMode PublishTo SourceKMSKeyArn",
    "PublishVersion": "PublishTo",
    "PublishLayerVersion": "Content.S3ObjectStorageMode",
    "AddLayerVersionPermission": "OrganizationId",
    "AddPermission": "PrincipalOrgID",
    "Invoke": "TenantId DurableExecutionName",
    "InvokeWithResponseStream": "TenantId",
    "PutRuntimeManagementConfig": "RuntimeVersionArn",
    "CreateEventSourceMapping": f"{_OF_MAPPINGS} Queues",
    "UpdateEventSourceMapping": _OF_MAPPINGS,
}
# Kept and answered, and of no effect on how anything runs here.
ANSWERED: Mapping[str, str] = {
    "CreateFunction": "Role Description Architectures TracingConfig.Mode",
    "UpdateFunctionConfiguration": "Role Description TracingConfig.Mode",
    "UpdateFunctionCode": "Architectures",
    "PublishVersion": "Description",
    "CreateAlias": "Description",
    "UpdateAlias": "Description",
    "PublishLayerVersion": "Description LicenseInfo",
    "CreateEventSourceMapping": "ProvisionedPollerConfig.MinimumPollers",
    "UpdateEventSourceMapping": "ProvisionedPollerConfig.MinimumPollers",
    "CreateCodeSigningConfig": "Description AllowedPublishers.SigningProfileVersionArns",
    "UpdateCodeSigningConfig": "Description AllowedPublishers.SigningProfileVersionArns",
}


@dataclass(frozen=True)
class Covered:
    """The members of one operation, nested ones by their path."""

    acted_on: tuple[str, ...]
    answered: tuple[str, ...]
    refused: tuple[str, ...]


def covered(operation: str, shape: StructureShape | None) -> Covered:
    """Sort the members of an offered operation."""
    refused, answered = REFUSED.get(operation, "").split(), ANSWERED.get(operation, "").split()
    every = [] if shape is None else list(_paths(shape, (*refused, *answered)))
    return Covered(
        tuple(path for path in every if path not in refused and path not in answered),
        tuple(path for path in every if path in answered),
        tuple(path for path in every if path in refused),
    )


def _paths(shape: StructureShape, listed: Container[str], prefix: str = "") -> Iterator[str]:
    for name, member in shape.members.items():
        inner: Shape = member.member if member.type_name == "list" else member
        if prefix + name not in listed and isinstance(inner, StructureShape) and inner.members:
            yield from _paths(inner, listed, f"{prefix}{name}.")
        else:
            yield prefix + name
