"""Functions with external extensions to run: a script that speaks the Extensions API, and what it stands beside."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import Any

from invocations.runtime import code
from invocations.values import EnvironmentSpec, Execution
from tests.runtime.hosts import Host, package

SYSTEM = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
PYTHON = SYSTEM or sys.base_prefix + "/bin/python3"
EXTENSION = f"""#!{PYTHON}
import http.client, json, os, sys, time
NAME, EVENTS, PLAN = os.path.basename(sys.argv[0]), __EVENTS__, __PLAN__
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None, **headers):
    sent = {{name.replace("_", "-"): value for name, value in headers.items()}}
    api.request(method, "/2020-01-01/extension/" + path, body, headers=sent)
    answer = api.getresponse()
    return answer.status, answer.headers, answer.read()
def say(*words):
    print(NAME, *words, flush=True)
    with open(os.environ.get("TMPDIR", "/tmp") + "/said", "a") as said:
        print(NAME, *words, file=said)
say("begins")
if "tells" in PLAN:
    say("environment", json.dumps(dict(os.environ)))
    held = b"x" * 60_000_000
if "dies early" in PLAN:
    sys.exit(3)
status, headers, body = call("POST", "register", json.dumps({{"events": EVENTS}}), Lambda_Extension_Name=NAME,
                             Lambda_Extension_Accept_Feature="accountId")
say("registered", status, body.decode())
mine = {{"Lambda_Extension_Identifier": headers["Lambda-Extension-Identifier"]}}
if "fails init" in PLAN:
    call("POST", "init/error", "{{}}", Lambda_Extension_Function_Error_Type="Extension.NoKey", **mine)
    sys.exit(0)
while True:
    status, headers, body = call("GET", "event/next", **mine)
    event = json.loads(body)
    say(event["eventType"], event.get("requestId") or event["shutdownReason"])
    if event["eventType"] == "SHUTDOWN":
        if "TELL" in os.environ:
            import socket
            socket.create_connection(("127.0.0.1", int(os.environ["TELL"]))).sendall(event["shutdownReason"].encode())
        if "stays" in PLAN:
            os.execv("/bin/sleep", ["sleep", PLAN[-1]])
        sys.exit(0)
    if "slow" in PLAN:
        time.sleep(0.3)
        say("done")
    if "hogs" in PLAN:
        hog = b"x" * 300_000_000
        time.sleep(60)
    if "hangs" in PLAN:
        time.sleep(60)
    if "crashes" in PLAN:
        os._exit(9)
    if "fails exit" in PLAN:
        call("POST", "exit/error", "{{}}", Lambda_Extension_Function_Error_Type="Extension.Full", **mine)
        sys.exit(0)
"""
SAID = """
import os
open(os.environ["TMPDIR"] + "/said", "a").close()
with open(os.environ["TMPDIR"] + "/said", "a") as said: print("module", file=said)
def handler(event, context):
    if event.get("exit"): os._exit(1)
    if event.get("hang"):
        import time
        time.sleep(60)
    return open(os.environ["TMPDIR"] + "/said").read().splitlines()
"""


def extension(*plan: str, events: tuple[str, ...] = ("INVOKE", "SHUTDOWN")) -> str:
    return EXTENSION.replace("__EVENTS__", repr(list(events))).replace("__PLAN__", repr(plan))


def beside(host: Host, extensions: Mapping[str, str], source: str = SAID, **changes: Any) -> EnvironmentSpec:
    layers = package({f"extensions/{name}": text for name, text in extensions.items()})
    return host.function(source, opt_sha256=code.overlay([layers]), **changes)


def log(execution: Execution) -> list[str]:
    return execution.log.decode().splitlines()
