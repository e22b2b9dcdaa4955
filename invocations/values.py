"""Values that cross a wall between two rooms. Frozen; no behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LATEST = "$LATEST"

Attributes = Mapping[str, Mapping[str, str]]  # {"name": {"type": "String", "value": ".."}}; Binary values in base64


@dataclass(frozen=True)
class Scope:
    """Where a resource lives: everything is looked up inside one account and region."""

    account: str
    region: str


@dataclass(frozen=True)
class Place:
    """Where a stream is: its ARN, or for a topic its brokers and how they are entered."""

    arn: str  # "" for brokers that AWS does not run
    scope: Scope  # whose secrets open them
    servers: tuple[str, ...] = ()  # host:port; of brokers that AWS does not run
    topic: str = ""
    group: str = ""  # the consumer group whose offsets are kept
    access: tuple[tuple[str, str], ...] = ()  # (type, URI) of SourceAccessConfigurations


@dataclass(frozen=True)
class Caller:
    """Who asked, and through which door ("api", "console", "form", "command")."""

    scope: Scope
    door: str
    name: str  # access key id, user name, or "" for a command
    arn: str
    environment_id: str | None = None  # set when a function calls with its environment's own key


@dataclass(frozen=True)
class InvokeRequest:
    caller: Caller
    function: str  # name, partial ARN or ARN, perhaps with a qualifier
    payload: bytes
    qualifier: str | None = None
    invocation_type: str = "RequestResponse"  # or "Event", "DryRun"
    log_type: str = "None"  # or "Tail"
    client_context: str | None = None  # base64 of a JSON object
    trace_header: str | None = None  # X-Amzn-Trace-Id as sent
    request_id: str | None = None  # made when None
    own_payload: bool = False  # we have made the payload, so it is JSON: nobody looks again


@dataclass(frozen=True)
class InvocationResult:
    """What the caller gets. `function_error` is None on success; a failing function is a result, not an exception."""

    status_code: int
    request_id: str
    executed_version: str | None
    payload: bytes
    function_error: str | None = None
    log_tail: bytes | None = None  # at most 4 KB, only when asked for
    trace_header: str = ""
    content_type: str = "application/json"


@dataclass(frozen=True)
class Parcel:
    """Something that a topic, rule, mapping, schedule or bucket sends: the outbox keeps it until its target has it."""

    key: str  # unique: posting the same key twice writes once; at most 512 characters
    kind: str  # "subscription", "rule", "mapping", "schedule" or "notification"
    source_arn: str  # of the subscription, rule, mapping, schedule or bucket: for people and for the browser
    target: str  # an ARN, an http(s):// URL, or kafka://topic
    body: bytes
    scope: Scope  # of the sender
    principal: str = ""  # "sns.amazonaws.com": the target's policy must allow it; "": no permission is needed
    policy_arn: str = ""  # what resource policies compare with aws:SourceArn (topic ARN, rule ARN)
    attributes: Attributes = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)  # read by the destination: "group", "dedup", "header:X"
    trace_id: str = ""  # "1-<8 hex>-<24 hex>"
    hops: int = 0  # invocations that led to this parcel, the one that caused it included; 0: none did
    caused_by: str = ""  # the request id of the invocation that caused it
    max_age_seconds: int = 21_600  # product time; then it is undeliverable
    max_tries: int | None = None  # in all, the first included; None: as many as its age allows
    back_off: tuple[int, ...] = ()  # seconds before try 2, 3, ..., the last again and again; (): 1 s doubling to 5 min
    dead_letter_arn: str = ""  # a queue: gets body and attributes when this is undeliverable
    # Added to the attributes of the dead letter. {error_code}, {error_message}, {condition} and {retries} in a value
    # are filled in; an attribute whose value comes out empty is left out.
    dead_letter_attributes: Attributes = field(default_factory=dict)
    dead_letter_body: bytes | None = None  # None: the body itself


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCESS = "Success"
    FUNCTION_ERROR = "FunctionError"  # the handler raised
    INIT_ERROR = "InitError"  # the module could not be loaded, or the runtime not started
    TIMEOUT = "Timeout"
    EXITED = "Exited"  # the process ended by itself
    OUT_OF_MEMORY = "OutOfMemory"
    RESPONSE_TOO_LARGE = "ResponseTooLarge"
    LOST = "Lost"  # the runner died; the function may have run
    FENCED = "Fenced"  # it ended after another attempt had taken its place


class Condition(StrEnum):
    """Why an asynchronous invocation ended. The first four are AWS's words in invocation records."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
    RECURSIVE_INVOCATION = "RecursiveInvocation"
    FUNCTION_NOT_FOUND = "FunctionNotFound"
    RUNNER_LOST = "RunnerLost"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class EnvironmentSpec:
    """Everything an execution environment is made from. Two environments with one `key` are interchangeable."""

    key: str  # changes whenever code or configuration changes
    scope: Scope
    function: str
    version: str
    runtime: str  # AWS's identifier, e.g. python3.12
    handler: str
    code_sha256: str  # hex; names the folder below Home.code
    memory_mb: int
    tmp_mb: int
    timeout_seconds: int
    variables: Mapping[str, str]
    log_group: str
    network: str  # endpoint, internet, host
    reserved_concurrency: int | None  # of the function, all versions together; None: unreserved
    unreserved_limit: int  # what unreserved functions of the account share
    log_format: str = "Text"  # or JSON, which has levels
    application_log_level: str = ""
    system_log_level: str = ""
    opt_sha256: str = ""  # hex; names the folder whose files are seen below /opt; "": no layers
    provisioned: int = 0  # environments kept ready, of all versions together; part of the reservation, if there is one


@dataclass(frozen=True)
class Event:
    """One event on its way into an environment."""

    request_id: str
    payload: bytes
    invoked_arn: str
    trace_header: str
    client_context: str | None = None  # JSON text (already decoded from base64)
    hops: int = 0  # invocations that led to this one
    claim: int = 0  # of an event that may be run again: which run this is


@dataclass(frozen=True)
class Running:
    """The invocation now running in an execution environment."""

    request_id: str
    hops: int


@dataclass(frozen=True)
class Execution:
    """What running one event gave. Times in seconds, sizes in MB, log already in AWS's text form."""

    outcome: Outcome
    payload: bytes
    content_type: str
    log: bytes  # START .. REPORT, the head capped at LOG_KEPT_BYTES
    log_tail: bytes  # the last 4 KB
    log_truncated: bool
    error_type: str
    error_message: str
    environment_id: str
    log_stream: str
    cold: bool
    started_at: datetime
    ended_at: datetime
    init_seconds: float | None  # only for the environment's first invocation
    duration_seconds: float
    billed_ms: int
    max_memory_mb: int
    # Of an answer that was streamed: `payload` is what of it is kept.
    response_bytes: int | None = None  # how long it was, when it is kept only in part
    error_body: bytes = b""  # why it broke off or was declared failed, as JSON; empty when it did not


@dataclass(frozen=True)
class Opened:
    """A function has begun to answer; what it writes follows in pieces."""

    content_type: str


@dataclass(frozen=True)
class EnvironmentState:
    """One row of the environment host's list, for the console."""

    environment_id: str
    function_arn: str
    version: str
    state: str  # "starting", "idle", "frozen", "busy"
    request_id: str | None
    since: datetime
    invocations: int
    memory_mb: int
    interpreter: str
    network: str
    provisioned: bool = False


@dataclass(frozen=True)
class PoolState:
    """How many environments of one make the environment host keeps ready."""

    key: str  # the spec's
    function_arn: str
    wanted: int
    ready: int
    started: int  # the ready ones and those that are being initialised
    reason: str  # why there are not enough; "": nothing has failed
    log: str  # what the failed initialisation printed last


@dataclass(frozen=True)
class HostState:
    """What the environment host says of itself."""

    sandbox: str  # level in use: L2, L1, L0, none
    findings: Mapping[str, str]
    environments: tuple[EnvironmentState, ...] = field(default_factory=tuple)
