"""Serve the bare view: `python -m bench.bare PORT`, with LAMBDAPLAY_HOME set to a folder of its own."""

from __future__ import annotations

import gc
import os
import socket
import sys
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.bare.settings"
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402

from bench.bare.models import Call  # noqa: E402
from lambdaplay.supervisor.claim import BACKLOG  # noqa: E402
from lambdaplay.supervisor.parts import WEB_WORKERS  # noqa: E402
from lambdaplay.supervisor.process import die_with_parent  # noqa: E402
from lambdaplay.supervisor.web import Web  # noqa: E402


class BareWeb(Web):
    """lambdaplay's gunicorn with another application."""

    def load(self) -> Any:
        return get_wsgi_application()


def main() -> None:
    die_with_parent(os.getppid())
    if Call._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Call)
    connection.close()
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=BACKLOG)
    sys.argv = ["bare"]
    gc.freeze()  # as the supervisor does before it forks
    BareWeb(listener.fileno(), WEB_WORKERS).run()


main()
