"""Every error lambdaplay raises on purpose.

    LambdaplayError
      Refusal                            the caller asked for something that is answered with an AWS error
        ValidationException              400  one text for all violated constraints
        InvalidParameterValue            400
        InvalidRequestContent            400
        InvalidZipFile                   400
        CodeStorageExceeded              400
        CodeVerificationFailed           400  ("Message") unsigned code where only signed code is let in
        CodeSigningConfigNotFound        404  ("Message")
        ProvisionedConfigNotFound        404
        PolicyLengthExceeded             400
        UnsupportedOption                400  InvalidParameterValueException that names what we do not do
        UnknownOperation                 404
        ResourceNotFound                 404  ("Message")
        ResourceConflict                 409
        ResourceInUse                    400  ("Message") a mapping that is just changing
        PreconditionFailed               412
        RequestEntityTooLarge            413
        LimitExceeded                    409  (IAM) a quota
        NoSuchEntity                     404  (IAM)
        TooManyRequests                  429  (with Reason)
        AccessDenied                     403  ("Message")
        SignatureRefused                 403  code and text differ by protocol: wire/ translates
        RecursiveInvocation              400  ("Message") a chain of invocations was stopped
        InvalidRuntime                   502  ("Message") this machine cannot run that runtime
        ServiceFailure                   500  ("Message") we, not the caller, are at fault
        ServiceUnavailable               503
      UnusablePart                       a part of the house (environment host, broker, companion) does not answer

A failing function is not in this tree: it is an InvocationResult with `function_error` set.
Codes, statuses and the spelling of the message key follow AWS's service model and recordings.
"""

from __future__ import annotations

from collections.abc import Mapping


class LambdaplayError(Exception):
    """Root of the tree."""


class UnusablePart(LambdaplayError):
    """A part of the house does not answer; the sentence says which."""


class Refusal(LambdaplayError):
    """An AWS error: `code` and HTTP `status`, the text under `message_key`, `extra` members beside it."""

    code = "ServiceException"
    status = 400
    message_key = "message"
    fault = "User"
    # Where a service spoke the query protocol before JSON (SQS): the error's older name, and what stands before `code`.
    query_code = ""
    namespace = ""

    def __init__(self, message: str, *, code: str | None = None, extra: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.extra: Mapping[str, str] = extra or {}


class ValidationException(Refusal):
    code = "ValidationException"
    fault = ""  # the front end's own answer carries no Type


class InvalidParameterValue(Refusal):
    code = "InvalidParameterValueException"


class UnsupportedOption(InvalidParameterValue):
    """An option that lambdaplay does not act on is never stored; the text names it."""


class InvalidRequestContent(Refusal):
    code = "InvalidRequestContentException"


class InvalidZipFile(InvalidParameterValue):
    """Deploy time: AWS answers InvalidParameterValueException for an archive that cannot be unpacked."""


class CodeStorageExceeded(Refusal):
    code = "CodeStorageExceededException"


class CodeVerificationFailed(Refusal):
    code = "CodeVerificationFailedException"
    message_key = "Message"


class CodeSigningConfigNotFound(Refusal):
    code = "CodeSigningConfigNotFoundException"
    status = 404
    message_key = "Message"


class ProvisionedConfigNotFound(Refusal):
    code = "ProvisionedConcurrencyConfigNotFoundException"
    status = 404


class PolicyLengthExceeded(Refusal):
    code = "PolicyLengthExceededException"


class UnknownOperation(Refusal):
    code = "UnknownOperationException"
    status = 404
    fault = ""


class ResourceNotFound(Refusal):
    code = "ResourceNotFoundException"
    status = 404
    message_key = "Message"


class ResourceConflict(Refusal):
    code = "ResourceConflictException"
    status = 409


class ResourceInUse(Refusal):
    code = "ResourceInUseException"
    message_key = "Message"


class PreconditionFailed(Refusal):
    code = "PreconditionFailedException"
    status = 412


class RequestEntityTooLarge(Refusal):
    code = "RequestEntityTooLargeException"
    status = 413
    message_key = "Message"
    fault = ""


class LimitExceeded(Refusal):
    code = "LimitExceeded"
    status = 409


class NoSuchEntity(Refusal):
    code = "NoSuchEntity"
    status = 404


class TooManyRequests(Refusal):
    """Throttled. `reason` is the model's ThrottleReason."""

    code = "TooManyRequestsException"
    status = 429

    def __init__(self, reason: str, message: str = "Rate Exceeded.") -> None:
        super().__init__(message, extra={"Reason": reason})
        self.reason = reason


class AccessDenied(Refusal):
    code = "AccessDeniedException"
    status = 403
    message_key = "Message"
    fault = ""


class SignatureRefused(Refusal):
    """The signature, its date, its key or its scope. `code` is the REST-JSON name."""

    code = "InvalidSignatureException"
    status = 403
    fault = ""


class RecursiveInvocation(Refusal):
    code = "RecursiveInvocationException"
    message_key = "Message"


class InvalidRuntime(Refusal):
    code = "InvalidRuntimeException"
    status = 502
    message_key = "Message"


class ServiceFailure(Refusal):
    status = 500
    message_key = "Message"
    fault = "Service"


class ServiceUnavailable(Refusal):
    code = "ServiceUnavailableException"
    status = 503
    fault = "Service"
