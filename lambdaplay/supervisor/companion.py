"""The companion: moto's emulators for the services that are not our subject (S3, DynamoDB, IAM, SSM ...)."""

from __future__ import annotations

import logging
import os
from pathlib import Path


def run(socket: Path) -> None:
    """Serve moto's WSGI application on a unix socket until killed. What it holds is in memory."""
    # Each request names its account in a header (wire/proxy.py), which a variable would overrule for all of them.
    os.environ.pop("MOTO_ACCOUNT_ID", None)
    # Web pages have no business here, see wire/origin.py.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):  # its own, for S3 metadata with underscores in its names
        protocol_version = "HTTP/1.1"

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    socket.unlink(missing_ok=True)
    server = make_server(
        f"unix://{socket}", 0, DomainDispatcherApplication(create_backend_app), threaded=True, request_handler=Handler
    )
    socket.chmod(0o600)
    server.serve_forever()
