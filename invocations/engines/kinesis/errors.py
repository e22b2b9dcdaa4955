"""Kinesis's errors. Sources of the texts: AWS's recorded answers, and messages that its users quote."""

from __future__ import annotations

from invocations.errors import Refusal


class StreamRefusal(Refusal):
    """An error of Kinesis."""


class InvalidArgument(StreamRefusal):
    code = "InvalidArgumentException"


class Validation(StreamRefusal):
    code = "ValidationException"


class LimitExceeded(StreamRefusal):
    code = "LimitExceededException"


class ExpiredNextToken(StreamRefusal):
    code = "ExpiredNextTokenException"


class ExpiredIterator(StreamRefusal):
    """`issued` and `now` are written as AWS writes them: Fri Mar 21 04:12:17 UTC 2014."""

    code = "ExpiredIteratorException"

    def __init__(self, issued: str, now: str, tolerated_ms: int) -> None:
        super().__init__(
            f"Iterator expired. The iterator was created at time {issued} while right now it is {now} "
            f"which is further in the future than the tolerated delay of {tolerated_ms} milliseconds."
        )


class NotFound(StreamRefusal):
    code = "ResourceNotFoundException"


class StreamNotFound(NotFound):
    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Stream {name} under account {account} not found.")


class ShardNotFound(NotFound):
    def __init__(self, shard: str, stream: str, account: str) -> None:
        super().__init__(f"Could not find shard {shard} in stream {stream} under account {account}.")


class ShardDoesNotExist(NotFound):
    """What reading says of a shard that never was, or is past its retention."""

    def __init__(self, shard: str, stream: str, account: str) -> None:
        super().__init__(f"Shard {shard} in stream {stream} under account {account} does not exist")


class InUse(StreamRefusal):
    code = "ResourceInUseException"


class StreamExists(InUse):
    def __init__(self, name: str, account: str) -> None:
        super().__init__(f"Stream {name} under account {account} already exists.")


class StreamNotActive(InUse):
    def __init__(self, name: str, account: str, status: str) -> None:
        super().__init__(f"Stream {name} under account {account} not ACTIVE, instead in state {status}")


class ShardLimit(LimitExceeded):
    def __init__(self, account: str, region: str, current: int, limit: int, more: int) -> None:
        super().__init__(
            f"This request would exceed the shard limit for the account {account} in {region}. "
            f"Current shard count for the account: {current}. Limit: {limit}. "
            f"Number of additional shards that would have resulted from this request: {more}. "
            "Refer to the AWS Service Limits page "
            "(http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "
            "for current limits and how to request higher limits."
        )


class NotOffered(InvalidArgument):
    """An option that nothing here would act on is never stored; the text names it."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"lambdaplay does not offer {what}: {why}")


class DryRun(StreamRefusal):
    """The caller only asked whether it would work."""

    code = "DryRunOperationException"

    def __init__(self) -> None:
        super().__init__("Request would have succeeded, but DryRun flag is set.")
