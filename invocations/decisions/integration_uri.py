"""Which function an integration's URI means. Pure.

API Gateway takes a function's ARN, or its own path around one; stage variables may stand in either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from invocations.arns import FunctionReference, parse_function

_PATH = re.compile(r"arn:aws[a-zA-Z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations")
_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


def function_of(uri: str, variables: Mapping[str, str]) -> FunctionReference | None:
    """The function, with the stage's variables put in; None when that is no whole ARN of one."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)
    around = _PATH.fullmatch(filled)
    found = parse_function(filled if around is None else around[1])
    return None if found is None or None in (found.account, found.region) else found


def is_function(uri: str) -> bool:
    """Whether the URI means a function once its stage variables are known."""
    return function_of(uri, dict.fromkeys(_VARIABLE.findall(uri), "x")) is not None
