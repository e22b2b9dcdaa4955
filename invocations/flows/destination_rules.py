"""Where outcomes may be sent, judged when it is configured. AWS's texts where AWS has one.

Only functions are looked for: a queue, topic, bus or bucket may come later, and one that never comes shows as
undeliverable.
"""

from __future__ import annotations

from invocations.arns import Arn, parse_arn, parse_function
from invocations.decisions.kafka_options import TOPIC_SCHEME
from invocations.decisions.mapping_options import KAFKA
from invocations.destinations import Destination, registry
from invocations.destinations.base import DEAD_LETTER, ON_FAILURE, ON_SUCCESS
from invocations.errors import InvalidParameterValue, ResourceNotFound, UnsupportedOption
from invocations.flows.targets import find
from invocations.models import Function
from invocations.values import Scope

# What AWS takes. Of these, what has no destination here is refused by name.
_AWS = {
    ON_SUCCESS: ("sqs", "sns", "lambda", "events"),
    ON_FAILURE: ("sqs", "sns", "lambda", "events", "s3"),
    DEAD_LETTER: ("sqs", "sns"),
}
# Where AWS sends the on-failure records of event source mappings.
_OF_MAPPINGS = ("sqs", "sns", "s3")


def check_destinations(function: Function, on_success: str, on_failure: str) -> None:
    """Raise InvalidParameterValue or UnsupportedOption unless both ("": none) can be delivered to."""
    invalid = InvalidParameterValue(
        f"The provided destination config DestinationConfig(onSuccess={_part('OnSuccess', on_success)}, "
        f"onFailure={_part('OnFailure', on_failure)}) is invalid."
    )
    for kind, text in ((ON_FAILURE, on_failure), (ON_SUCCESS, on_success)):
        if not text:
            continue
        arn, destination = _judge(kind, text, invalid)
        if arn.service == "lambda":
            _check_function(function, arn, invalid)
        _check_offered(arn, destination)


def check_dead_letter_queue(text: str) -> None:
    """Raise InvalidParameterValue or UnsupportedOption unless this ("": none) can be a dead-letter queue."""
    if not text:
        return
    invalid = InvalidParameterValue(
        f"The provided target ARN {text} is invalid: a dead-letter queue is a standard SQS queue or SNS topic."
    )
    arn, destination = _judge(DEAD_LETTER, text, invalid)
    _check_offered(arn, destination)


def check_mapping_destination(kind: str, text: str) -> None:
    """Raise InvalidParameterValue or UnsupportedOption unless this can be a mapping's on-failure destination.

    `kind` is its source's. A topic is judged with the other options of Kafka (decisions/kafka_options.py).
    """
    if not text or (kind in KAFKA and text.startswith(TOPIC_SCHEME)):
        return
    invalid = InvalidParameterValue(
        "The provided destination config "
        f"DestinationConfig(onSuccess=null, onFailure={_part('OnFailure', text)}) is invalid."
    )
    arn, destination = _judge(ON_FAILURE, text, invalid)
    if arn.service not in _OF_MAPPINGS:
        raise invalid
    _check_offered(arn, destination)


def _judge(kind: str, text: str, invalid: InvalidParameterValue) -> tuple[Arn, Destination]:
    arn = parse_arn(text)
    if arn is None or arn.service not in _AWS[kind] or _is_fifo(arn):
        raise invalid
    destination = registry().get(arn.service)
    if destination is None or kind not in destination.kinds:
        raise UnsupportedOption(f"lambdaplay does not support {arn.service} as {kind} destination yet ({text}).")
    return arn, destination


def _is_fifo(arn: Arn) -> bool:
    return arn.service in ("sqs", "sns") and arn.resource.endswith(".fifo")


def _check_offered(arn: Arn, destination: Destination) -> None:
    problem = destination.problem(arn)
    if problem:
        raise UnsupportedOption(f"{problem} ({arn.text}).")


def _check_function(function: Function, arn: Arn, invalid: InvalidParameterValue) -> None:
    reference = parse_function(arn.text)
    if reference is None:
        raise invalid
    scope = Scope(arn.account, arn.region)
    try:
        target = find(scope, arn.text)
    except ResourceNotFound as error:
        raise InvalidParameterValue(f"The destination ARN {arn.text} is invalid.") from error
    if target.function.pk == function.pk:
        raise InvalidParameterValue("You can't specify the function as a destination for itself.")


def _part(name: str, destination: str) -> str:
    return f"{name}(destination={destination})" if destination else "null"
