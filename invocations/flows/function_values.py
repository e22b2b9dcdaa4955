"""What a caller may say about a function, in our own words, and whether AWS would take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from invocations import limits
from invocations.decisions.constraints import detected, range_violation, shape_metadata, text_violation, violation
from invocations.decisions.environment_variables import name_violation, variables_problem
from invocations.decisions.runtime_names import runtime_problem
from invocations.errors import InvalidParameterValue, ValidationException
from invocations.flows.destination_rules import check_dead_letter_queue
from invocations.runtime.code import CodePackage

NETWORKS = ("", "endpoint", "internet", "host")  # "": the server's default
TAGS_MAX = 50
ROLE_CHARACTERS = 512  # IAM: a path of up to 512 characters before the name; longer ones exist nowhere


@dataclass(frozen=True)
class ConfigurationChanges:
    """New values for a function's configuration; None leaves a setting as it is. Maps are replaced whole."""

    runtime: str | None = None
    handler: str | None = None
    role: str | None = None
    description: str | None = None
    timeout_seconds: int | None = None
    memory_mb: int | None = None
    tmp_mb: int | None = None
    architecture: str | None = None  # of a draft only: an update changes it together with the code
    variables: Mapping[str, str] | None = None
    tracing_mode: str | None = None
    log_group: str | None = None
    log_format: str | None = None
    application_log_level: str | None = None
    system_log_level: str | None = None
    dead_letter_arn: str | None = None  # "": none any more
    layers: Sequence[str] | None = None  # ARNs of layer versions; later ones lie over earlier ones; (): none any more
    network: str | None = None  # ours: of the function, all versions

    def check(self) -> None:
        """Raise ValidationException with every violated constraint, else InvalidParameterValue for the first misfit."""
        found = [problem for problem in self._violations() if problem is not None]
        if found:
            raise ValidationException(detected(found))
        problem = runtime_problem(self.runtime) if self.runtime is not None else None
        if problem is None and self.variables is not None:
            problem = variables_problem(self.variables)
        if problem is None and self.role is not None and len(self.role) > ROLE_CHARACTERS:
            problem = "The role defined for the function cannot be assumed by Lambda."
        if problem is None and not is_text(self.description, self.handler, *(self.variables or {}).values()):
            problem = "The request contains characters that are not text."
        if problem is None and self.network not in (None, *NETWORKS):
            problem = f"The network must be one of: {', '.join(NETWORKS[1:])}."
        if problem is not None:
            raise InvalidParameterValue(problem)
        check_dead_letter_queue(self.dead_letter_arn or "")

    def _violations(self) -> list[str | None]:
        texts = (
            ("RoleArn", self.role, "role"),
            ("Handler", self.handler, "handler"),
            ("Description", self.description, "description"),
            ("TracingMode", self.tracing_mode, "tracingConfig.mode"),
            ("LogGroup", self.log_group, "loggingConfig.logGroup"),
            ("LogFormat", self.log_format, "loggingConfig.logFormat"),
            ("ApplicationLogLevel", self.application_log_level, "loggingConfig.applicationLogLevel"),
            ("SystemLogLevel", self.system_log_level, "loggingConfig.systemLogLevel"),
            ("ResourceArn", self.dead_letter_arn, "deadLetterConfig.targetArn"),
        )
        numbers = (
            (self.timeout_seconds, 1, limits.TIMEOUT_SECONDS_MAX, "timeout"),
            (self.memory_mb, limits.MEMORY_MB_MIN, limits.MEMORY_MB_MAX, "memorySize"),
            (self.tmp_mb, limits.TMP_MB_MIN, limits.TMP_MB_MAX, "ephemeralStorage.size"),
        )
        return [
            *(text_violation(shape, value, name) for shape, value, name in texts if value is not None),
            *(range_violation(value, low, high, name) for value, low, high, name in numbers if value is not None),
            architecture_violation(self.architecture),
            name_violation(self.variables) if self.variables is not None else None,
        ]


@dataclass(frozen=True)
class FunctionDraft:
    """A function to be created: name (or ARN), stored code and configuration."""

    name: str
    runtime: str
    handler: str
    role: str
    code: CodePackage
    description: str = ""
    timeout_seconds: int = limits.TIMEOUT_SECONDS_DEFAULT
    memory_mb: int = limits.MEMORY_MB_DEFAULT
    tmp_mb: int = limits.TMP_MB_DEFAULT
    architecture: str = "x86_64"
    variables: Mapping[str, str] | None = None
    tracing_mode: str = "PassThrough"
    log_group: str | None = None  # None: /aws/lambda/<name>
    log_format: str | None = None
    application_log_level: str | None = None
    system_log_level: str | None = None
    dead_letter_arn: str = ""
    layers: Sequence[str] = ()  # ARNs of layer versions
    tags: Mapping[str, str] = field(default_factory=dict)
    publish: bool = False
    network: str = ""
    reserved_concurrency: int | None = None
    code_signing_config_arn: str = ""

    @property
    def configuration(self) -> ConfigurationChanges:
        return ConfigurationChanges(
            runtime=self.runtime,
            handler=self.handler,
            role=self.role,
            description=self.description,
            timeout_seconds=self.timeout_seconds,
            memory_mb=self.memory_mb,
            tmp_mb=self.tmp_mb,
            architecture=self.architecture,
            variables=self.variables,
            tracing_mode=self.tracing_mode,
            log_group=self.log_group,
            log_format=self.log_format,
            application_log_level=self.application_log_level,
            system_log_level=self.system_log_level,
            dead_letter_arn=self.dead_letter_arn,
            layers=self.layers,
            network=self.network,
        )


def is_text(*values: str | None) -> bool:
    """Tell whether every value can be stored as UTF-8 text and handed to a process."""
    return not any(value and ("\0" in value or _has_surrogates(value)) for value in values)


def _has_surrogates(value: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in value)


def architecture_violation(architecture: str | None) -> str | None:
    known = shape_metadata("Architecture")["enum"]
    if architecture is None or architecture in known:
        return None
    constraint = f"Member must satisfy constraint: [Member must satisfy enum value set: [{', '.join(known)}]]"
    return violation(f"[{architecture}]", "architectures", constraint)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidParameterValue or ValidationException for tags that AWS refuses."""
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValue("Number of tags exceeds resource tag limit.")
    if not is_text(*tags, *tags.values()):
        raise InvalidParameterValue("The request contains characters that are not text.")
    reserved = next((key for key in tags if key.lower().startswith("aws:")), None)
    if reserved is not None:
        raise InvalidParameterValue(
            f"The tag key {reserved[:128]!r} is invalid: keys that begin with aws: are AWS's own."
        )
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            constraint = "Map keys must have length 1 to 128 and values at most 256"
            raise ValidationException(detected([violation(key[:200], "tags", constraint)]))
