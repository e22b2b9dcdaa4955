"""Runtimes that are programs of their own: a bootstrap in any language, Node, an interpreter started afresh."""

from __future__ import annotations

import json

import pytest

from invocations.runtime import runtimes
from invocations.values import Outcome
from tests.runtime.hosts import Host, make_event

# A runtime in bash alone: one connection for each call, as many simple runtimes do.
BASH = r"""#!/bin/bash
set -u
host="${AWS_LAMBDA_RUNTIME_API%:*}" port="${AWS_LAMBDA_RUNTIME_API##*:}"
call() { # method, path, body
  exec 3<>"/dev/tcp/$host/$port"
  printf '%s /2018-06-01/runtime/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
    "$1" "$2" "${#3}" "$3" >&3
  id= length=0
  while IFS= read -r line <&3; do
    line="${line%$'\r'}"
    [ -z "$line" ] && break
    case "${line,,}" in
      lambda-runtime-aws-request-id:*) id="${line#*: }" ;;
      content-length:*) length="${line#*: }" ;;
    esac
  done
  body=
  [ "$length" -gt 0 ] && IFS= read -r -N "$length" body <&3
  exec 3<&- 3>&-
}
while true; do
  call GET invocation/next ""
  event="$id"
  echo "handling $body"
  call POST "invocation/$event/response" "{\"handler\": \"$_HANDLER\", \"event\": $body}"
done
"""


def test_a_bootstrap_with_a_connection_for_each_call(host: Host) -> None:
    spec = host.function({"bootstrap": BASH}, runtime="provided.al2023", handler="any.thing")
    first, second = host.run(spec, [1, 2]), host.run(spec, {"a": "b"})
    assert json.loads(first.payload) == {"handler": "any.thing", "event": [1, 2]}
    assert json.loads(second.payload) == {"handler": "any.thing", "event": {"a": "b"}}
    assert first.environment_id == second.environment_id
    assert b"handling [1, 2]\n" in first.log
    assert b"INIT_START Runtime Version: provided:al2023" in first.log


def test_a_missing_bootstrap(host: Host) -> None:
    spec = host.function({"other": ""}, runtime="provided.al2")
    event = make_event(spec)
    execution = host.run(spec, request_id=event.request_id)
    message = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
    assert json.loads(execution.payload) == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": f"RequestId: {event.request_id} Error: {message}",
    }
    assert execution.outcome == Outcome.INIT_ERROR


def test_a_bootstrap_that_ends(host: Host) -> None:
    execution = host.run(host.function({"bootstrap": "#!/bin/sh\nexit 5\n"}, runtime="provided.al2023"))
    assert execution.error_type == "Runtime.ExitError"
    assert execution.error_message.endswith("Runtime exited with error: exit status 5")


@pytest.mark.skipif(runtimes.unrunnable("nodejs22.x") is not None, reason="no Node.js on this machine")
def test_node(host: Host) -> None:
    source = """
let n = 0;
exports.handler = async (event, context) => {
  console.log("seen", event.x);
  if (event.fail) throw new TypeError("no");
  return { n: ++n, id: context.awsRequestId, root: process.env.LAMBDA_TASK_ROOT };
};
"""
    spec = host.function({"index.js": source}, runtime="nodejs22.x", handler="index.handler", memory_mb=256)
    event = make_event(spec)
    first = host.run(spec, {"x": 1}, request_id=event.request_id)
    assert first.outcome == Outcome.SUCCESS, first.log.decode()
    assert json.loads(first.payload)["id"] == event.request_id
    assert b"INFO\tseen 1" in first.log
    assert json.loads(host.run(spec, {"x": 2}).payload)["n"] == 2
    failed = host.run(spec, {"fail": True})
    assert (failed.outcome, failed.error_type, failed.error_message) == (Outcome.FUNCTION_ERROR, "TypeError", "no")


def test_variables_that_only_a_fresh_interpreter_obeys(host: Host) -> None:
    source = "import sys\ndef handler(event, context): return sys.flags.optimize"
    spec = host.function(source, variables={"PYTHONOPTIMIZE": "2"})
    assert host.call(spec) == 2
    assert host.call(spec) == 2


def test_boto3_is_there_and_signs_with_the_environments_key(host: Host) -> None:
    source = """
import boto3, os
def handler(event, context):
    session = boto3.Session()
    key = session.get_credentials()
    client = session.client("lambda")
    return [client.meta.endpoint_url == os.environ["AWS_ENDPOINT_URL"], key.token == os.environ["AWS_SESSION_TOKEN"]]
"""
    assert host.call(host.function(source)) == [True, True]
