"""Functions: what AWS answers to changing one."""

from __future__ import annotations

import pytest

from invocations.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
)
from invocations.flows import aliases, functions, versions
from invocations.flows.functions import ConfigurationChanges, create_function, find
from invocations.models import Function
from lambdaplay.home import Home
from tests.flows.conftest import (
    ARN,
    SCOPE,
    Make,
    draft,
    let_settle,
    package,
    packages_on_disk,
    refused,
)

pytestmark = pytest.mark.django_db


def test_an_update_gives_two_revisions_and_stays_active_meanwhile(make: Make) -> None:
    before = find(SCOPE, make().function.name).version
    updated = functions.update_configuration(SCOPE, "fn", ConfigurationChanges(memory_mb=256))
    assert (updated.state, updated.update_status, updated.memory_mb) == ("Active", "InProgress", 256)
    let_settle()
    after = find(SCOPE, "fn").version
    assert after.update_status == "Successful"
    assert len({before.revision_id, updated.revision_id, after.revision_id}) == 3


def test_only_given_settings_change_and_maps_are_replaced_whole(make: Make) -> None:
    before = make(variables={"ONE": "1", "TWO": "2"}, description="mine", timeout_seconds=9)
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(variables={"THREE": "3"}))
    after = find(SCOPE, "fn").version
    assert after.variables == {"THREE": "3"}
    assert (after.description, after.timeout_seconds, after.handler) == ("mine", 9, before.handler)
    assert after.code_sha256 == before.code_sha256


def test_a_change_to_nothing_is_a_change_all_the_same(make: Make) -> None:
    before = make()
    updated = functions.update_configuration(SCOPE, "fn", ConfigurationChanges())
    assert updated.update_status == "InProgress"
    assert updated.revision_id != before.revision_id


def test_cleared_values_are_values(make: Make) -> None:
    make(variables={"ONE": "1"}, description="mine", network="host")
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(variables={}, description="", network=""))
    target = find(SCOPE, "fn")
    assert (target.version.variables, target.version.description, target.function.network) == ({}, "", "")


def test_a_stale_revision_is_412(make: Make) -> None:
    text = (
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
    )
    stale = make().revision_id
    assert find(SCOPE, "fn").version.revision_id != stale  # it has become Active since
    changes = ConfigurationChanges(memory_mb=256)
    assert refused(PreconditionFailed, lambda: functions.update_configuration(SCOPE, "fn", changes, stale)) == text
    assert refused(PreconditionFailed, lambda: functions.update_code(SCOPE, "fn", package(), revision_id=stale)) == text
    assert refused(PreconditionFailed, lambda: versions.publish_version(SCOPE, "fn", revision_id=stale)) == text
    fresh = find(SCOPE, "fn").version.revision_id
    assert functions.update_configuration(SCOPE, "fn", changes, fresh).memory_mb == 256


def test_nothing_changes_while_a_function_is_pending_or_an_update_in_progress(home: Home) -> None:
    text = f"The operation cannot be performed at this time. An update is in progress for resource: {ARN}fn"
    create_function(SCOPE, draft())
    changes = ConfigurationChanges(memory_mb=256)
    for _ in ("Pending", "InProgress"):
        assert refused(ResourceConflict, lambda: functions.update_configuration(SCOPE, "fn", changes)) == text
        assert refused(ResourceConflict, lambda: functions.update_code(SCOPE, "fn", package("x = 1\n"))) == text
        assert refused(ResourceConflict, lambda: versions.publish_version(SCOPE, "fn")) == text
        assert len(packages_on_disk(home)) == 1
        let_settle()
        functions.update_configuration(SCOPE, "fn", changes)


def test_other_code_is_other_bytes_and_keeps_the_configuration(make: Make) -> None:
    before = make(memory_mb=512)
    updated = functions.update_code(SCOPE, "fn", package("x = 2\n"), architecture="arm64")
    assert updated.update_status == "InProgress"
    after = find(SCOPE, "fn").version
    assert after.code_sha256 != before.code_sha256
    assert (after.memory_mb, after.architecture) == (512, "arm64")


def test_code_published_at_once_is_a_version_that_is_pending(make: Make) -> None:
    make()
    published = functions.update_code(SCOPE, "fn", package("x = 2\n"), publish=True)
    assert (published.version, published.state) == ("1", "Pending")
    assert find(SCOPE, "fn").version.code_sha256 == published.code_sha256


def test_a_dry_run_checks_all_and_changes_nothing(make: Make, home: Home) -> None:
    make()
    before = find(SCOPE, "fn").version
    new = package("x = 2\n")
    preview = functions.update_code(SCOPE, "fn", new, dry_run=True, publish=True)
    assert preview.code_sha256 == new.sha256
    after = find(SCOPE, "fn").version
    assert (after.revision_id, after.code_sha256) == (before.revision_id, before.code_sha256)
    assert packages_on_disk(home) == {before.code_sha256}
    missing = refused(ResourceNotFound, lambda: functions.update_code(SCOPE, "nope", package(), dry_run=True))
    assert missing == f"Function not found: {ARN}nope"


def test_a_published_version_is_not_updated(make: Make) -> None:
    make(publish=True)
    changes = ConfigurationChanges(memory_mb=256)
    refused(InvalidParameterValue, lambda: functions.update_configuration(SCOPE, "fn:1", changes))
    assert functions.update_configuration(SCOPE, "fn:$LATEST", changes).memory_mb == 256


def test_every_change_raises_the_catalog_revision(make: Make) -> None:
    make()
    seen = [Function.objects.get().catalog_revision]

    def changed() -> bool:
        seen.append(Function.objects.get().catalog_revision)
        return seen[-1] > seen[-2]

    find(SCOPE, "fn")  # becomes Active
    assert changed()
    functions.update_configuration(SCOPE, "fn", ConfigurationChanges(memory_mb=256))
    assert changed()
    let_settle()
    functions.update_code(SCOPE, "fn", package("x = 3\n"))
    assert changed()
    let_settle()
    versions.publish_version(SCOPE, "fn")
    assert changed()
    aliases.create_alias(SCOPE, "fn", "live", "1")
    assert changed()
    aliases.update_alias(SCOPE, "fn", "live", version="$LATEST")
    assert changed()
    aliases.delete_alias(SCOPE, "fn", "live")
    assert changed()
    functions.delete_function(SCOPE, "fn", "1")
    assert changed()
    find(SCOPE, "fn")
    assert not changed()
