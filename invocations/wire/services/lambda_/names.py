"""A qualifier written into the function's name is judged as a qualifier."""

from __future__ import annotations

import re
from typing import Any

from botocore.model import OperationModel

from invocations.arns import parse_function

_QUALIFIER = re.compile(r"(?:\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+)")
_QUALIFIER_CHARACTERS = 128
_NAMESPACED = "NamespacedFunctionName"


def split_qualifier(operation: OperationModel, params: dict[str, Any]) -> None:
    """Move a malformed qualifier out of FunctionName, so that the constraint it violates is told of `qualifier`.

    Only for operations that know a qualifier: `my-fn:bad!` there is a good name and a bad qualifier (recorded answers).
    """
    members = operation.input_shape.members if operation.input_shape is not None else {}
    name = params.get("FunctionName")
    if name is None or "Qualifier" not in members or members["FunctionName"].name != _NAMESPACED:
        return
    head, _, tail = name.rpartition(":")
    if not head or (len(tail) <= _QUALIFIER_CHARACTERS and _QUALIFIER.fullmatch(tail)):
        return
    reference = parse_function(head)
    if reference is not None and reference.qualifier is None and not head.endswith("function"):
        params["FunctionName"] = head
        params.setdefault("Qualifier", tail)
