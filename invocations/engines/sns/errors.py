"""SNS's errors. Sources of the texts: AWS's recorded answers; codes and statuses: AWS's service model."""

from __future__ import annotations

from invocations.errors import Refusal


class TopicRefusal(Refusal):
    """An error of SNS."""


class InvalidParameter(TopicRefusal):
    """The text behind "Invalid parameter: "."""

    code = "InvalidParameter"

    def __init__(self, what: str) -> None:
        super().__init__(f"Invalid parameter: {what}")


class InvalidToken(TopicRefusal):
    code = "InvalidParameter"

    def __init__(self) -> None:
        super().__init__("Invalid token")


class NotOffered(InvalidParameter):
    """What nothing here would act on is never stored; the text names it."""

    def __init__(self, name: str, why: str = "") -> None:
        super().__init__(f"{name} Reason: lambdaplay does not offer {name}{f': {why}' if why else ''}.")


class InvalidAttribute(TopicRefusal):
    """A message attribute that SNS does not take."""

    code = "ParameterValueInvalid"


class TopicDoesNotExist(TopicRefusal):
    code = "NotFound"
    status = 404

    def __init__(self) -> None:
        super().__init__("Topic does not exist")


class SubscriptionDoesNotExist(TopicRefusal):
    code = "NotFound"
    status = 404

    def __init__(self) -> None:
        super().__init__("Subscription does not exist")


class ResourceDoesNotExist(TopicRefusal):
    """Of the operations on tags alone."""

    code = "ResourceNotFound"
    status = 404

    def __init__(self) -> None:
        super().__init__("Resource does not exist")


class AuthorizationError(TopicRefusal):
    code = "AuthorizationError"
    status = 403


class TagLimitExceeded(TopicRefusal):
    code = "TagLimitExceeded"

    def __init__(self) -> None:
        super().__init__("Could not complete request: tag quota of per resource exceeded")


class BatchRefusal(TopicRefusal):
    """What is wrong with a batch as a whole."""


class EmptyBatchRequest(BatchRefusal):
    code = "EmptyBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request doesn't contain any entries.")


class TooManyEntries(BatchRefusal):
    code = "TooManyEntriesInBatchRequest"

    def __init__(self) -> None:
        super().__init__("The batch request contains more entries than permissible.")


class EntryIdsNotDistinct(BatchRefusal):
    code = "BatchEntryIdsNotDistinct"

    def __init__(self) -> None:
        super().__init__("Two or more batch entries in the request have the same Id.")


class InvalidEntryId(BatchRefusal):
    code = "InvalidBatchEntryId"

    def __init__(self) -> None:
        super().__init__("The Id of a batch entry in a batch request doesn't abide by the specification.")


class BatchTooLong(BatchRefusal):
    code = "BatchRequestTooLong"

    def __init__(self) -> None:
        super().__init__("The length of all the messages put together is more than the limit.")
