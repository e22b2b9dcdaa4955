"""The layers that a function uses: checked when they are chosen, and kept with it as they were then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invocations import limits
from invocations.arns import LayerReference, parse_layer
from invocations.decisions.constraints import detected, shape_metadata, violation
from invocations.errors import InvalidParameterValue, UnsupportedOption, ValidationException
from invocations.flows import layers
from invocations.models import LayerVersion
from invocations.runtime.code import overlay, unzipped_bytes
from invocations.values import Scope

Kept = Mapping[str, Any]  # one entry of FunctionVersion.layers

_AWS_OWN = ":lambda:::awslayer:"


@dataclass(frozen=True)
class Choice:
    """The columns of a FunctionVersion."""

    layers: list[dict[str, Any]]
    opt_sha256: str


def choose(scope: Scope, arns: Sequence[str]) -> Choice:
    """Find these layer versions and put their files over each other on disk, in this order.

    Raises ValidationException, InvalidParameterValue with AWS's texts, AccessDenied for another account's layer,
    UnsupportedOption for one of AWS's own.
    """
    if len(arns) > limits.LAYERS_MAX:
        raise InvalidParameterValue(f"Cannot reference more than {limits.LAYERS_MAX} layers.")
    seen: dict[str, str] = {}
    found = []
    for arn in arns:
        found.append(_version(scope, arn))
        layer = arn.rpartition(":")[0]
        if layer in seen:
            raise InvalidParameterValue(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[layer]} and {arn} are versions of the same layer."
            )
        seen[layer] = arn
    return Choice([_kept(row) for row in found], overlay([row.code_sha256 for row in found]))


def check_size(kept: Sequence[Kept], code_sha256: str) -> None:
    """Raise InvalidParameterValue when the layers, or code and layers together, unpack to too much."""
    if not kept:
        return
    of_layers = sum(one["unzipped_bytes"] for one in kept)
    if of_layers > limits.UNZIPPED_BYTES:
        raise InvalidParameterValue(f"Layers consume more than the available size of {limits.UNZIPPED_BYTES} bytes")
    size = of_layers + unzipped_bytes(code_sha256)
    if size > limits.UNZIPPED_BYTES:
        raise InvalidParameterValue(
            f"Function code combined with layers exceeds the maximum allowed size of {limits.UNZIPPED_BYTES} bytes. "
            f"The actual size is {size} bytes."
        )


def _version(scope: Scope, arn: str) -> LayerVersion:
    if _AWS_OWN in arn:
        raise UnsupportedOption(f"lambdaplay has no layers of AWS's own ({arn}).")
    named = parse_layer(arn)
    if named is None or named.version is None or named.account is None:
        pattern = shape_metadata("LayerVersionArn")["pattern"]
        constraint = f"Member must satisfy constraint: [Member must satisfy regular expression pattern: {pattern}]"
        raise ValidationException(detected([violation(f"[{arn}]", "layers", constraint)]))
    _check_region(scope, named)
    row = layers.find(scope, named, named.version)
    layers.check_permitted(scope, named, named.version, row)
    if row is None:
        raise InvalidParameterValue(f"Layer version {arn} does not exist.")
    return row


def _check_region(scope: Scope, named: LayerReference) -> None:
    if named.region != scope.region:
        raise InvalidParameterValue(
            f"Layers are not in the same region as the function. Layers are expected to be in region {scope.region}."
        )


def _kept(row: LayerVersion) -> dict[str, Any]:
    return {
        "arn": row.arn,
        "sha256": row.code_sha256,
        "code_size": row.code_size,
        "unzipped_bytes": row.unzipped_bytes,
    }
