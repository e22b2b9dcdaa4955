"""The web application: AWS's endpoint in front, the console behind."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lambdaplay.settings")

_console = get_wsgi_application()

from invocations.wire.endpoint import Endpoint  # noqa: E402 - models can be imported only now

application = Endpoint(_console)
