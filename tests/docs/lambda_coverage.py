"""The page on what becomes of Lambda's operations and members; it is written by

python manage.py shell -c "from tests.docs.lambda_coverage import PAGE, page; PAGE.write_text(page())"
"""

from __future__ import annotations

from collections.abc import Iterable

from invocations.wire.protocol.model import load
from invocations.wire.services import lambda_
from invocations.wire.services.lambda_ import coverage
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "lambda-coverage.md"
HEAD = """# Lambda's API: what is covered

Made from AWS's own service model: every operation and every member of its request. *Acted on*: it changes what happens,
as on AWS. *Answered*: kept and answered, without effect on what runs. *Refused*: a request that asks for it gets an
`InvalidParameterValueException` that names it, and nothing is stored; a value that asks for nothing is accepted.
What [Functions](functions.md) says of an option in words stands there.

| operation | acted on | answered | refused |
|---|---|---|---|
"""
TAIL = "\n## Refused as a whole\n\nThese operations are answered with a refusal that names them.\n\n"


def offered() -> list[str]:
    """The operations that are carried out."""
    return sorted(set(lambda_.OPERATIONS) | {"Invoke", "InvokeWithResponseStream"})


def others() -> list[str]:
    return sorted(set(load("lambda").operation_names) - set(offered()))


def page() -> str:
    return HEAD + "".join(map(_row, offered())) + TAIL + "".join(f"* `{name}`\n" for name in others())


def _row(name: str) -> str:
    found = coverage.covered(name, load("lambda").operation_model(name).input_shape)
    return f"| `{name}` | {_cell(found.acted_on)} | {_cell(found.answered)} | {_cell(found.refused)} |\n"


def _cell(members: Iterable[str]) -> str:
    return ", ".join(f"`{member}`" for member in members)
