"""serverless-offline: its Lambda invoke endpoint, which checks no signature and records nothing."""

from __future__ import annotations

import shutil
import sys

from bench.calling import event, invoke_path
from bench.handlers import folder
from bench.workshop import Absent, Workshop, install
from tests.house import free_port

VERSIONS = ("serverless@3.40.0", "serverless-offline@13.10.0")
_CONFIGURATION = """\
service: peer
frameworkVersion: "3"
provider:
  name: aws
  runtime: python3.{minor}
  region: us-east-1
  stage: dev
plugins:
  - serverless-offline
functions:
  echo:
    handler: app.handler
"""


def start(shop: Workshop) -> tuple[int, str]:
    """Install and start it; return port and path of its invoke endpoint. Raises Absent."""
    npm = shutil.which("npm")
    if npm is None:
        raise Absent("npm is not on PATH, so serverless-offline cannot be installed")
    place = shop.cache / "-".join(VERSIONS).replace("@", "-")
    place.mkdir(parents=True, exist_ok=True)
    (place / "package.json").write_text('{"private": true}')
    mark = "node_modules/.bin/serverless"
    install(place, mark, [[npm, "install", "--no-audit", "--no-fund", *VERSIONS]], "serverless-offline")
    project = folder(shop.scratch, "plain").rename(shop.scratch / "serverless")
    (project / "serverless.yml").write_text(_CONFIGURATION.format(minor=sys.version_info.minor))
    (project / "node_modules").symlink_to(place / "node_modules")
    port = free_port()
    options = ["--host", "127.0.0.1", "--httpPort", str(free_port()), "--lambdaPort", str(port)]
    quiet = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "CI": "1"}
    shop.spawn([str(place / mark), "offline", "start", *options], cwd=project, environment=quiet)
    path = invoke_path("peer-dev-echo")
    shop.await_answer(f"http://127.0.0.1:{port}{path}", event(0))
    return port, path
