"""Runtime identifiers: the service model knows them, AWS's deprecation table blocks some."""

from __future__ import annotations

import pytest

from invocations.decisions.constraints import shape_metadata
from invocations.decisions.runtime_names import DEPRECATED, runtime_problem, supported


def test_every_runtime_that_aws_accepts_is_accepted() -> None:
    accepted = "python3.10 python3.13 python3.14 nodejs20.x nodejs22.x java8.al2 java21 dotnet8 ruby3.3 provided.al2"
    assert [runtime_problem(name) for name in [*accepted.split(), "provided.al2023"]] == [None] * 11


@pytest.mark.parametrize("name", sorted(DEPRECATED))
def test_a_deprecated_runtime_is_known_to_the_model_and_refused(name: str) -> None:
    assert name in shape_metadata("Runtime")["enum"]
    assert name not in supported()
    assert str(runtime_problem(name)).startswith(f"The runtime parameter of {name} is no longer supported")


@pytest.mark.parametrize("name", ["", "python", "PYTHON3.12", "custom", "python3.12 "])
def test_an_unknown_runtime_is_answered_with_the_list(name: str) -> None:
    text = runtime_problem(name)
    assert text is not None
    assert text.startswith(
        f"Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set"
    )
    assert "python3.12" in text
    assert "python3.7" not in text
    assert text.endswith("] or be a valid ARN")
