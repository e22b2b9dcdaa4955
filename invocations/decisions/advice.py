"""Refusals as sentences: AWS's words, then what to change. For pages, forms and commands, not for the endpoint."""

from __future__ import annotations

from invocations import limits

_BY_REASON = {
    "ReservedFunctionConcurrentInvocationLimitExceeded": "All of the function's reserved concurrency is in use: raise "
    "or remove it, or try again when a running invocation has ended.",
    "ConcurrentInvocationLimitExceeded": "All of the account's concurrent executions are in use: try again when "
    "running invocations have ended.",
}

_BY_CODE = {
    "TooManyRequestsException": "Try again in a moment.",
    "InvalidRequestContentException": "The payload must be one JSON value; text needs double quotes around it.",
    "PreconditionFailedException": "Somebody else changed it meanwhile: load the page again.",
    "ServiceUnavailableException": "Start the server with `manage.py up` (or `make run`).",
}


def advise(code: str, message: str, reason: str = "") -> str:
    """Return the refusal's message followed by what would change it."""
    advice = _BY_REASON.get(reason) or _specific(code, message) or _BY_CODE.get(code, "")
    text = message.rstrip()
    if text and text[-1] not in ".!?":
        text += "."
    return f"{text} {advice}".strip()


def _specific(code: str, message: str) -> str:
    if code == "ResourceNotFoundException" and message.startswith("Function not found"):
        return "Create it, or check its name and qualifier; `manage.py list_functions` lists what there is."
    if code == "ResourceConflictException" and ("state: Pending" in message or "in progress" in message):
        return "That lasts for a moment: try again."
    if code == "RequestEntityTooLargeException" and message.startswith("Request must be smaller"):
        most = f"{limits.SYNC_REQUEST_BYTES:,} bytes"
        return f"A synchronous payload may have {most}; put larger data into a bucket and send its key."
    return ""
