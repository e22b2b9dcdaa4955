"""`manage.py up`, from the lock to the last child."""

from __future__ import annotations

import gc
import os
from importlib import import_module

from django.conf import settings
from django.urls import get_resolver

from lambdaplay.celery import app
from lambdaplay.supervisor.announce import announce
from lambdaplay.supervisor.claim import claim_home, claim_port
from lambdaplay.supervisor.output import tell
from lambdaplay.supervisor.parts import Part, all_parts
from lambdaplay.supervisor.prepare import prepare
from lambdaplay.supervisor.supervisor import Supervisor

# Imported before the first fork, so that every part shares them instead of loading its own copy.
_SHARED = (
    "billiard.dummy",
    "celery.app.amqp",
    "celery.app.control",
    "celery.app.events",
    "celery.app.log",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "celery.events.dispatcher",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.loops",
    "celery.worker.pidbox",
    "celery.worker.strategy",
    "django.db.models.sql.compiler",
    "gunicorn.arbiter",
    "gunicorn.glogging",
    "gunicorn.workers.gthread",
    "kombu.asynchronous.semaphore",
    "kombu.transport.redis",
    "lambdaplay.results",
    "lambdaplay.wsgi",
)


def up() -> int:
    """Run the house until it is told to stop; return the exit code. Raises claim.Refused."""
    home = settings.LAMBDAPLAY_HOME
    home.make()
    lock = claim_home(home.run)
    listener = claim_port(settings.LAMBDAPLAY_HOST, settings.LAMBDAPLAY_PORT)

    def let_go(part: Part | None) -> None:
        os.close(lock)
        if part is None or part.name != "web":
            listener.close()

    supervisor = Supervisor(home.logs, let_go)
    parts = all_parts(listener)

    def prepared(code: int) -> None:
        if code != 0:
            tell("up", "The state folder could not be prepared; see above.")
            supervisor.stop(1)
            return
        for part in parts:
            if part.late:
                supervisor.add(part)
        supervisor.run_job("announce", announce, announced)

    def announced(code: int) -> None:
        if code != 0 and not supervisor.stopping:
            tell("up", f"lambdaplay is not healthy yet; {settings.LAMBDAPLAY_URL}/healthz says why.")

    for part in parts:
        if not part.late:
            supervisor.add(part)
    supervisor.run_job("prepare", prepare, prepared)
    # These start on the other cores meanwhile; none of them needs what is loaded now.
    _load()
    code = supervisor.loop()
    tell("up", "Stopped.")
    return code


def _load() -> None:
    """Import what the parts share, and keep the garbage collector from touching (so copying) its pages."""
    gc.disable()
    for name in _SHARED:
        import_module(name)
    app.loader.import_default_modules()
    app.finalize()
    _ = get_resolver().url_patterns  # imports views and admin
    gc.collect()
    gc.freeze()
    gc.enable()
