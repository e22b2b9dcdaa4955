"""Which environment variables a function may set."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from invocations import limits
from invocations.decisions.constraints import shape_metadata

# Source: AWS's page on environment variables.
_RESERVED = """
    _HANDLER _X_AMZN_TRACE_ID AWS_REGION AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE
    AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR
"""
RESERVED = frozenset(_RESERVED.split())
_UNABLE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided"
)


def name_violation(variables: Mapping[str, str]) -> str | None:
    """Return the constraint violation when a name is not of AWS's form, or None. Sensitive, so nothing is shown."""
    pattern = shape_metadata("EnvironmentVariableName")["pattern"]
    wrong = [name for name in variables if name not in RESERVED and not re.fullmatch(pattern, name)]
    if not wrong:
        return None
    return (
        "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: "
        f"[Member must satisfy regular expression pattern: {pattern}, Member must not be null]"
    )


def variables_problem(variables: Mapping[str, str]) -> str | None:
    """Return AWS's text for variables that are reserved or too large together, or None."""
    reserved = [name for name in variables if name in RESERVED]
    if reserved:
        return (
            f"{_UNABLE} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if any("\0" in value for value in variables.values()):
        return f"{_UNABLE} contains a null character."
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode("utf-8", "surrogatepass")) > limits.ENVIRONMENT_BYTES:
        return f"{_UNABLE} exceeded the 4KB limit. String measured: {measured}"
    return None
