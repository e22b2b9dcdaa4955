"""Reserved concurrency."""

from __future__ import annotations

import pytest

from invocations.errors import InvalidParameterValue, ResourceNotFound, ValidationException
from invocations.flows import concurrency
from tests.flows.conftest import ARN, SCOPE, Make

pytestmark = pytest.mark.django_db

FLOOR = (
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
    "minimum value of [100]."
)


def test_a_reservation_is_kept_zero_is_one_and_none_is_none(make: Make) -> None:
    make()
    assert concurrency.get_concurrency(SCOPE, "fn") is None
    for number in (7, 0, 900):
        assert concurrency.put_concurrency(SCOPE, "fn", number) == number
        assert concurrency.get_concurrency(SCOPE, ARN + "fn") == number
    concurrency.delete_concurrency(SCOPE, "fn")
    concurrency.delete_concurrency(SCOPE, "fn")
    assert concurrency.get_concurrency(SCOPE, "fn") is None


def test_a_hundred_executions_stay_for_those_without_a_reservation(make: Make) -> None:
    make("one")
    make("two")
    concurrency.put_concurrency(SCOPE, "one", 500)
    concurrency.put_concurrency(SCOPE, "two", 400)
    with pytest.raises(InvalidParameterValue) as caught:
        concurrency.put_concurrency(SCOPE, "two", 401)
    assert caught.value.message == FLOOR
    concurrency.put_concurrency(SCOPE, "one", 499)  # its own reservation is not counted against it
    assert concurrency.put_concurrency(SCOPE, "two", 401) == 401


@pytest.mark.parametrize("reference", ["fn:1", "fn:live", "fn:$LATEST", ARN + "fn:1"])
def test_versions_and_aliases_have_no_reservation(reference: str, make: Make) -> None:
    make(publish=True)
    with pytest.raises(InvalidParameterValue) as caught:
        concurrency.put_concurrency(SCOPE, reference, 1)
    assert caught.value.message == (
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
        "Please specify either a function name or an unqualified function ARN."
    )


def test_a_missing_function_and_a_negative_number_are_refused(make: Make) -> None:
    make()
    for action in (concurrency.get_concurrency, concurrency.delete_concurrency):
        with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
            action(SCOPE, "nope")
    with pytest.raises(ResourceNotFound, match=f"^Function not found: {ARN}nope$"):
        concurrency.put_concurrency(SCOPE, "nope", 1)
    with pytest.raises(ValidationException, match="Value '-1' at 'reservedConcurrentExecutions'"):
        concurrency.put_concurrency(SCOPE, "fn", -1)
