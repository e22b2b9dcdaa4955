"""SQS's errors. Each has two names: the JSON protocol's, and the older query protocol's (`query_code`).

Sources of the texts: AWS's recorded answers (reference: queues and streams, SQS).
"""

from __future__ import annotations

from invocations.errors import Refusal


class QueueRefusal(Refusal):
    """An error of SQS. `namespace` stands before the code in the JSON protocol's `__type`."""

    namespace = "com.amazonaws.sqs"
    query_code = ""

    @property
    def sender_code(self) -> str:
        """The name that batches give a failed entry, and old SDKs the whole request."""
        return self.query_code or self.code


class QueueDoesNotExist(QueueRefusal):
    code = "QueueDoesNotExist"
    query_code = "AWS.SimpleQueueService.NonExistentQueue"

    def __init__(self, message: str = "The specified queue does not exist.") -> None:
        super().__init__(message)


class QueueNameExists(QueueRefusal):
    code = "QueueNameExists"
    query_code = "QueueAlreadyExists"

    def __init__(self, attribute: str) -> None:
        super().__init__(f"A queue already exists with the same name and a different value for attribute {attribute}")


class QueueDeletedRecently(QueueRefusal):
    code = "QueueDeletedRecently"
    query_code = "AWS.SimpleQueueService.QueueDeletedRecently"

    def __init__(self) -> None:
        super().__init__(
            "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        )


class PurgeQueueInProgress(QueueRefusal):
    code = "PurgeQueueInProgress"
    query_code = "AWS.SimpleQueueService.PurgeQueueInProgress"
    status = 403

    def __init__(self, name: str) -> None:
        super().__init__(f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.")


class InvalidValue(QueueRefusal):
    """InvalidParameterValue: not in the model, so named after the framework it comes from."""

    namespace = "com.amazon.coral.service"
    code = "InvalidParameterValueException"
    query_code = "InvalidParameterValue"


def invalid(value: object, parameter: str, reason: str) -> InvalidValue:
    return InvalidValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")


class MissingParameter(QueueRefusal):
    namespace = "com.amazon.coral.service"
    code = "MissingRequiredParameterException"
    query_code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}.")


class InvalidAttributeName(QueueRefusal):
    code = "InvalidAttributeName"
    query_code = "InvalidAttributeName"


class InvalidAttributeValue(QueueRefusal):
    code = "InvalidAttributeValue"
    query_code = "InvalidAttributeValue"


class UnsupportedAttribute(QueueRefusal):
    """An attribute that nothing here would act on is never stored; the text names it."""

    code = "InvalidAttributeName"
    query_code = "InvalidAttributeName"

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"lambdaplay does not offer the attribute {name}: {why}")


class InvalidAddress(QueueRefusal):
    code = "InvalidAddress"
    query_code = "InvalidAddress"
    status = 404

    def __init__(self, url: str) -> None:
        super().__init__(f"The address {url} is not valid for this endpoint.")


class InvalidMessageContents(QueueRefusal):
    code = "InvalidMessageContents"
    query_code = "InvalidMessageContents"

    def __init__(self) -> None:
        super().__init__(
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "
            "#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
        )


class ReceiptHandleIsInvalid(QueueRefusal):
    code = "ReceiptHandleIsInvalid"
    query_code = "ReceiptHandleIsInvalid"
    status = 404

    def __init__(self, handle: str) -> None:
        super().__init__(f'The input receipt handle "{handle}" is not a valid receipt handle.')


class MessageNotInflight(QueueRefusal):
    code = "MessageNotInflight"
    query_code = "AWS.SimpleQueueService.MessageNotInflight"

    def __init__(self) -> None:
        super().__init__("The message referred to isn't in flight.")


class OverLimit(QueueRefusal):
    code = "OverLimit"
    query_code = "OverLimit"
    status = 403

    def __init__(self, limit: int) -> None:
        super().__init__(f"Too many messages in flight: a queue holds at most {limit}.")


class OverLimitOfActions(QueueRefusal):
    code = "OverLimit"
    query_code = "OverLimit"
    status = 403

    def __init__(self, given: int, limit: int) -> None:
        super().__init__(f"{given} Actions were found, maximum allowed is {limit}.")


class BatchRefusal(QueueRefusal):
    """What is wrong with a batch as a whole."""


class EmptyBatchRequest(BatchRefusal):
    code = "EmptyBatchRequest"
    query_code = "AWS.SimpleQueueService.EmptyBatchRequest"

    def __init__(self, entry: str) -> None:
        super().__init__(f"There should be at least one {entry} in the request.")


class TooManyEntriesInBatchRequest(BatchRefusal):
    code = "TooManyEntriesInBatchRequest"
    query_code = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"

    def __init__(self, limit: int, sent: int) -> None:
        super().__init__(f"Maximum number of entries per request are {limit}. You have sent {sent}.")


class BatchEntryIdsNotDistinct(BatchRefusal):
    code = "BatchEntryIdsNotDistinct"
    query_code = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"

    def __init__(self, repeated: str) -> None:
        super().__init__(f"Id {repeated} repeated.")


class InvalidBatchEntryId(BatchRefusal):
    code = "InvalidBatchEntryId"
    query_code = "AWS.SimpleQueueService.InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            "It can be at most 80 letters long."
        )


class BatchRequestTooLong(BatchRefusal):
    code = "BatchRequestTooLong"
    query_code = "AWS.SimpleQueueService.BatchRequestTooLong"

    def __init__(self, limit: int, sent: int) -> None:
        super().__init__(f"Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")


class ResourceNotFound(QueueRefusal):
    """Of the move tasks alone; everything else says QueueDoesNotExist."""

    code = "ResourceNotFoundException"
    query_code = "ResourceNotFoundException"
    status = 404


class UnsupportedOperation(QueueRefusal):
    code = "UnsupportedOperation"
    query_code = "AWS.SimpleQueueService.UnsupportedOperation"


class AccessToQueueDenied(QueueRefusal):
    """No statement of the queue's policy lets that account in."""

    namespace = "com.amazon.coral.service"
    code = "AccessDeniedException"
    query_code = "AccessDenied"
    status = 403
