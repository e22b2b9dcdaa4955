"""External extensions in their environments: started, told of events and of the end, waited for, ended."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import replace

import pytest

from invocations.runtime import client, code
from invocations.values import Outcome
from tests.runtime.conftest import best
from tests.runtime.extending import SYSTEM, beside, extension, log
from tests.runtime.hosts import SCOPE, Host, alive, until


# Speaks the Extensions API with the standard library alone; what it does besides is in PLAN, one word an act.
@pytest.fixture(autouse=True)
def _an_interpreter_within_reach(host: Host) -> None:
    if host.level == "L0" and SYSTEM is None:
        pytest.skip("this machine has no Python outside of a folder of its own")


def test_an_extension_begins_before_the_runtime_and_hears_of_every_event(host: Host) -> None:
    spec = beside(host, {"watch": extension("slow")})
    first = host.run(spec)
    assert first.outcome == Outcome.SUCCESS, first.log.decode()
    lines = log(first)
    identity = f'{{"functionName": "{spec.function}", "functionVersion": "$LATEST", "handler": "app.handler"'
    assert lines[1:3] == ["watch begins", f'watch registered 200 {identity}, "accountId": "000000000000"}}']
    assert lines[3] == "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]"
    assert lines[4].startswith("START")
    assert lines[-3] == "watch done"
    said = host.call(spec)
    request_id = lines[4].split()[2]
    assert said[0] == "watch begins"
    assert "module" in said[1:3]
    assert said[3:5] == [f"watch INVOKE {request_id}", "watch done"]
    assert first.duration_seconds > 0.3


def test_extensions_hear_of_a_timeout_and_the_environment_goes_on_with_new_ones(host: Host) -> None:
    spec = beside(host, {"watch": extension()}, timeout_seconds=1)
    execution = host.run(spec, {"hang": True})
    assert execution.outcome == Outcome.TIMEOUT
    assert "watch SHUTDOWN timeout" in log(execution)
    patient = replace(spec, timeout_seconds=30)  # what begins anew within an event has the event's time
    said = host.call(patient)
    assert said.count("module") == 2
    assert "watch SHUTDOWN timeout" in said
    again = host.run(patient)
    assert again.environment_id == execution.environment_id


@best
def test_an_extension_has_the_functions_variables_without_the_runtimes_and_its_memory_counts(host: Host) -> None:
    spec = beside(host, {"watch": extension("tells")}, variables={"MINE": "1"})
    execution = host.run(spec)
    told = json.loads(log(execution)[2].removeprefix("watch environment "))
    assert (told["MINE"], told["AWS_LAMBDA_FUNCTION_NAME"]) == ("1", spec.function)
    assert {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_LAMBDA_INITIALIZATION_TYPE"} <= set(told)
    assert not {"_HANDLER", "AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_STREAM_NAME", "LAMBDA_TASK_ROOT"} & set(told)
    assert execution.max_memory_mb > 60


@best
def test_extensions_hear_of_a_runtime_that_ended(host: Host) -> None:
    spec = beside(host, {"watch": extension()})
    execution = host.run(spec, {"exit": True})
    assert (execution.outcome, execution.error_type) == (Outcome.EXITED, "Runtime.ExitError")
    assert execution.error_message.endswith("exit status 1")
    assert "watch SHUTDOWN failure" in log(execution)


@best
def test_an_outdated_environment_ends_with_spindown_and_its_runtime_gets_a_sigterm(host: Host) -> None:
    source = """
import os, signal, socket, sys
def leave(*_):
    socket.create_connection(("127.0.0.1", int(os.environ["TELL"]))).sendall(b"SIGTERM")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
def handler(event, context): return 1
"""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        spec = beside(host, {"watch": extension()}, source, network="host", variables={"TELL": port})
        assert host.call(spec) == 1
        assert until(lambda: host.states(spec) == ["frozen"])
        client.retire(SCOPE, spec.function)
        listener.settimeout(20)
        told = []
        for _ in range(2):
            connection, _address = listener.accept()
            with connection:
                told.append(connection.recv(100).decode())
    assert told == ["SIGTERM", "spindown"]
    assert until(lambda: host.states(spec) == [], 20)


@best
def test_who_does_not_end_within_two_seconds_is_ended(host: Host) -> None:
    mark = f"77078.{os.getpid()}"
    spec = beside(host, {"stay": extension("stays", mark)})
    began = time.monotonic()
    execution = host.run(spec, {"exit": True})
    assert time.monotonic() - began < 30  # on a busy machine; the extension itself would never end
    assert execution.error_type == "Runtime.ExitError"
    assert execution.duration_seconds < 2
    assert until(lambda: alive(mark) == 0)  # the word that they are killed may come before the last of them is gone


@best
def test_extensions_that_asked_for_no_events_are_not_waited_for(host: Host) -> None:
    names = {"a": extension(events=()), "b": extension(events=("SHUTDOWN",))}
    execution = host.run(beside(host, names))
    assert [line for line in log(execution) if line.startswith("EXTENSION")] == [
        "EXTENSION\tName: a\tState: Ready\tEvents: []",
        "EXTENSION\tName: b\tState: Ready\tEvents: [SHUTDOWN]",
    ]
    assert b"INVOKE" not in execution.log


BROKEN: dict[str, tuple[str | None, str, str, str]] = {
    "ends before it registers": (extension("dies early"), "Extension.Crash", "exit status 3", "Exited"),
    "tells of an error": (extension("fails init"), "Extension.InitError", "exit code 0", "InitError"),
    "may not be executed": (
        None,
        "Extension.LaunchError",
        "fork/exec /opt/extensions/bad: permission denied",
        "LaunchError",
    ),
    "has no interpreter": (
        "#!/nowhere/sh\n",
        "Extension.LaunchError",
        "fork/exec /opt/extensions/bad: no such file or directory",
        "LaunchError",
    ),
}


@best
@pytest.mark.parametrize("case", BROKEN)
def test_an_extension_that_fails_to_begin_fails_the_initialisation(host: Host, case: str) -> None:
    text, kind, why, state = BROKEN[case]
    spec = beside(host, {"bad": text or "", "good": extension()})
    if text is None:
        os.chmod(code.task_folder(spec.opt_sha256) / "extensions" / "bad", 0o644)
    execution = host.run(spec)
    assert (execution.outcome, execution.error_type) == (Outcome.INIT_ERROR, kind)
    assert execution.error_message == f"RequestId: {log(execution)[-2].split()[-1]} Error: {why}"
    assert any(line.startswith(f"EXTENSION\tName: bad\tState: {state}\t") for line in log(execution))
    assert not any(line.startswith("INIT_REPORT") and kind not in line for line in log(execution))


@best
def test_no_more_than_ten_extensions(host: Host) -> None:
    execution = host.run(beside(host, {f"e{number:02}": extension() for number in range(11)}))
    assert (execution.outcome, execution.error_type) == (Outcome.INIT_ERROR, "Extension.TooManyExtensions")


@best
@pytest.mark.parametrize(
    ("plan", "kind", "why"),
    [("crashes", "Extension.Crash", "exit status 9"), ("fails exit", "Extension.ExitError", "exit code 0")],
)
def test_an_extension_that_ends_with_an_event_ends_the_event(host: Host, plan: str, kind: str, why: str) -> None:
    spec = beside(host, {"bad": extension(plan), "good": extension()})
    execution = host.run(spec)
    assert (execution.outcome, execution.error_type) == (Outcome.EXITED, kind)
    assert execution.error_message.endswith(f"Error: {why}")
    assert "good SHUTDOWN failure" in log(execution)
    assert host.run(spec).environment_id == execution.environment_id


@best
def test_the_functions_timeout_is_its_extensions_too(host: Host) -> None:
    spec = beside(
        host, {"slow": extension("hangs", events=("INVOKE",))}, "def handler(e, c): return 1", timeout_seconds=1
    )
    execution = host.run(spec)
    assert execution.outcome == Outcome.TIMEOUT
    assert b"Task timed out after 1.00 seconds" in execution.log


@best
def test_the_functions_memory_is_its_extensions_too(host: Host) -> None:
    execution = host.run(beside(host, {"hog": extension("hogs")}))
    assert execution.outcome == Outcome.OUT_OF_MEMORY


@best
def test_an_environment_initialised_ahead_waits_for_its_extensions(host: Host) -> None:
    spec = beside(host, {"watch": extension()})
    client.prepare(spec)
    assert until(lambda: host.states(spec) == ["frozen"], 20)
    execution = host.run(spec)
    assert (execution.outcome, execution.cold) == (Outcome.SUCCESS, True)
    assert "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in log(execution)
    assert "EXTENSION" not in host.run(spec).log.decode()
    broken = beside(host, {"bad": extension("dies early")})
    client.prepare(broken)
    assert until(lambda: host.states(broken) == [], 20)
    assert host.run(broken).error_type == "Extension.Crash"


@best
def test_provisioned_environments_have_extensions_too(host: Host) -> None:
    spec = beside(host, {"watch": extension()})
    host.provision(spec, 1)
    lines = log(host.run(spec))
    assert any(line.startswith("EXTENSION\tName: watch\tState: Ready") for line in lines)
    assert any(line.startswith("INIT_REPORT") for line in lines)


@best
def test_an_environment_without_extensions_has_no_agent(host: Host) -> None:
    """No process, thread or listener more than before: the init and the function."""
    source = "import os\ndef handler(e, c): return sorted(p for p in os.listdir('/proc') if p.isdigit())\n"
    assert len(host.call(host.function(source))) == 2
    assert len(host.call(beside(host, {"watch": extension()}, source))) == 4
