"""Which runtime identifiers a function may be created or updated with."""

from __future__ import annotations

from invocations.decisions.constraints import shape_metadata

# In AWS's model, but blocked for creating and updating. Source: AWS's table of deprecated runtimes.
_DEPRECATED = """
    nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x
    java8 python2.7 python3.6 python3.7 python3.8 python3.9 dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1
    dotnet6 go1.x ruby2.5 ruby2.7 provided
"""
DEPRECATED = frozenset(_DEPRECATED.split())
# In the model for a feature of AWS's own, never a function's runtime here.
_NOT_OFFERED = frozenset({"custom"})


def supported() -> list[str]:
    """Return the identifiers that are accepted, in the model's order."""
    return [name for name in shape_metadata("Runtime")["enum"] if name not in DEPRECATED | _NOT_OFFERED]


def runtime_problem(name: str) -> str | None:
    """Return AWS's text for an identifier that is refused, or None."""
    if name in DEPRECATED:
        return (
            f"The runtime parameter of {name} is no longer supported for creating or updating AWS Lambda functions. "
            "We recommend you use a supported runtime while creating or updating functions."
        )
    if name not in supported():
        return (
            f"Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(supported())}] or be a valid ARN"
        )
    return None
