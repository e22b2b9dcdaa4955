"""What the probe finds, and which sandbox follows from what it found."""

from __future__ import annotations

import pytest

from invocations.runtime.kernel import landlock, probe
from tests.runtime.kernel.bare import run

ALL = dict.fromkeys(probe.FINDINGS, probe.YES)


def test_every_finding_is_yes_or_a_reason_and_nothing_is_left_behind() -> None:
    told = run(
        """
        from kernel import probe
        before = sorted(os.listdir("/proc/self/fd")), os.listdir("/proc/self/task")
        found = probe.probe()
        again = sorted(os.listdir("/proc/self/fd")), os.listdir("/proc/self/task")
        answer([found, before == again, outcome(os.wait)])
        """
    )
    findings, same, children = told
    assert list(findings) == list(probe.FINDINGS)
    assert all(findings.values())
    assert same
    assert children == "ECHILD"
    assert findings["landlock"].startswith("yes") == (landlock.abi() > 0)


def test_what_is_tried_as_another_user_is_tried_with_that_users_rights() -> None:
    told = run(
        """
        from kernel import probe
        if os.geteuid() != 0:
            answer(None)
            raise SystemExit
        probe._TRIALS.clear()
        probe._TRIALS["who"] = lambda: (_ for _ in ()).throw(OSError(str(os.getresuid() + os.getresgid())))
        probe._TRIALS["landlock"] = lambda: None
        answer(probe.probe(64001)["who"])
        """
    )
    assert told in (None, "(64001, 64001, 64001, 64001, 64001, 64001)")


@pytest.mark.parametrize(
    ("lacking", "wanted", "level"),
    [
        ((), "auto", "L2"),
        (("seccomp",), "auto", "L1"),
        (("proc mount",), "auto", "L0"),
        (("user namespace", "landlock"), "auto", None),
        (("memory cgroup",), "auto", "L2"),
        ((), "L1", "L1"),
        ((), "L0", "L0"),
        (("network namespace",), "L2", None),
        (("seccomp", "proc mount"), "none", "none"),
        ((), "L3", None),
    ],
)
def test_the_level_follows_from_the_findings(lacking: tuple[str, ...], wanted: str, level: str | None) -> None:
    findings = {**ALL, **dict.fromkeys(lacking, "not here")}
    found, reason = probe.level(findings, wanted)
    assert found == level
    if level is None and lacking:
        assert all(name in reason for name in lacking)
        assert "not here" in reason


def test_a_refusal_says_what_would_change_it() -> None:
    assert "LAMBDAPLAY_SANDBOX=none" in probe.level({}, "auto")[1]
