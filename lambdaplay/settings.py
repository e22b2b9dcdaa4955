"""Every setting. This is the only module that reads the environment, and it does so loudly."""

from __future__ import annotations

import ipaddress
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from invocations.decisions import source_places
from invocations.decisions.product_time import BadSteering, initial
from lambdaplay.home import Home
from lambdaplay.unfold import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent


def _text(name: str, default: str) -> str:
    return os.environ.get(name) or default


def _choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = _text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to one of: {', '.join(choices)}.")
    return value


def _number(name: str, default: int) -> int:
    value = _text(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to a whole number.")
    return int(value)


def _flag(name: str) -> bool:
    return _choice(name, "0", ("0", "1")) == "1"


def _brokers(text: str) -> dict[str, tuple[str, ...]]:
    """Read `orders=localhost:9092;*=a:9092,b:9092`."""
    found = {}
    for part in filter(None, text.split(";")):
        cluster, _, servers = part.partition("=")
        listed = tuple(server.strip() for server in servers.split(",") if server.strip())
        if not cluster.strip() or not listed or not all(server.rpartition(":")[2].isdigit() for server in listed):
            raise ImproperlyConfigured(
                f"LAMBDAPLAY_MSK_BROKERS: {part!r} must be a cluster's name, '=', and host:port,host:port ..."
            )
        found[cluster.strip()] = listed
    return found


def _sources(text: str) -> tuple[source_places.Rule, ...]:
    try:
        return source_places.read(text)
    except source_places.BadPlace as trouble:
        raise ImproperlyConfigured(f"LAMBDAPLAY_SOURCES: {trouble}") from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- lambdaplay's own -------------------------------------------------------------------------------------------------

LAMBDAPLAY_HOME = Home(Path(_text("LAMBDAPLAY_HOME", str(BASE_DIR / "var"))).absolute())
LAMBDAPLAY_HOST = _text("LAMBDAPLAY_HOST", "127.0.0.1")
LAMBDAPLAY_PORT = _number("LAMBDAPLAY_PORT", 8000)
LAMBDAPLAY_LOOPBACK = _is_loopback(LAMBDAPLAY_HOST)
LAMBDAPLAY_URL = f"http://{f'[{LAMBDAPLAY_HOST}]' if ':' in LAMBDAPLAY_HOST else LAMBDAPLAY_HOST}:{LAMBDAPLAY_PORT}"
LAMBDAPLAY_ACCESS_KEY_ID = _text("LAMBDAPLAY_ACCESS_KEY_ID", "test")
LAMBDAPLAY_SECRET_ACCESS_KEY = _text("LAMBDAPLAY_SECRET_ACCESS_KEY", "test")
LAMBDAPLAY_ACCOUNT = "000000000000"
LAMBDAPLAY_REGION = "us-east-1"  # only for pages and commands; the endpoint takes the region from the signature
LAMBDAPLAY_DURABILITY = _choice("LAMBDAPLAY_DURABILITY", "process", ("process", "power"))
LAMBDAPLAY_COMPANION = _text("LAMBDAPLAY_COMPANION", "moto")
LAMBDAPLAY_SANDBOX = _choice("LAMBDAPLAY_SANDBOX", "auto", ("auto", "L3", "L2", "L1", "L0", "none"))
LAMBDAPLAY_FUNCTION_NETWORK = _choice("LAMBDAPLAY_FUNCTION_NETWORK", "endpoint", ("endpoint", "internet", "host"))
LAMBDAPLAY_STRICT_RUNTIMES = _flag("LAMBDAPLAY_STRICT_RUNTIMES")
LAMBDAPLAY_CLOCK = _text("LAMBDAPLAY_CLOCK", "real")
# Our own history, in days of real time since it was written.
LAMBDAPLAY_KEEP_PAYLOADS_DAYS = _number("LAMBDAPLAY_KEEP_PAYLOADS_DAYS", 14)
LAMBDAPLAY_KEEP_ROWS_DAYS = _number("LAMBDAPLAY_KEEP_ROWS_DAYS", 90)
LAMBDAPLAY_PATH = _text("PATH", "/usr/local/bin:/usr/bin:/bin")  # where runtimes and tools are looked for
# Private and loopback hosts that topics may post to although others can reach this server, or a function asked for it.
LAMBDAPLAY_SUBSCRIBER_HOSTS = [name.lower() for name in _text("LAMBDAPLAY_SUBSCRIBER_HOSTS", "").split(",") if name]
# Which brokers stand for which Amazon MSK clusters, by the clusters' names; "*" is any other.
LAMBDAPLAY_MSK_BROKERS = _brokers(_text("LAMBDAPLAY_MSK_BROKERS", ""))
# Which queues and streams are polled elsewhere, see invocations/decisions/source_places.py.
LAMBDAPLAY_SOURCES = _sources(_text("LAMBDAPLAY_SOURCES", ""))
# Brokers (host:port) that take user names and passwords without TLS.
LAMBDAPLAY_KAFKA_PLAINTEXT = [name for name in _text("LAMBDAPLAY_KAFKA_PLAINTEXT", "").split(",") if name]
LAMBDAPLAY_EXTRA_HOSTS = [name for name in _text("LAMBDAPLAY_ALLOWED_HOSTS", "").split(",") if name]

try:
    initial(LAMBDAPLAY_CLOCK, datetime.now(UTC))
except BadSteering as trouble:
    raise ImproperlyConfigured(f"LAMBDAPLAY_CLOCK: {trouble}") from None
if LAMBDAPLAY_COMPANION not in ("moto", "none") and not LAMBDAPLAY_COMPANION.startswith(("http://", "https://")):
    raise ImproperlyConfigured("LAMBDAPLAY_COMPANION must be 'moto', 'none' or the URL of an emulator.")
if not LAMBDAPLAY_LOOPBACK and "test" in (LAMBDAPLAY_ACCESS_KEY_ID, LAMBDAPLAY_SECRET_ACCESS_KEY):
    raise ImproperlyConfigured(
        f"LAMBDAPLAY_HOST is {LAMBDAPLAY_HOST}, which other machines can reach: set LAMBDAPLAY_ACCESS_KEY_ID and "
        "LAMBDAPLAY_SECRET_ACCESS_KEY to values of your own."
    )

# Where the companion answers: a socket for the embedded one, else its URL.
LAMBDAPLAY_COMPANION_PLACE = (
    LAMBDAPLAY_HOME.companion_socket if LAMBDAPLAY_COMPANION == "moto" else LAMBDAPLAY_COMPANION
)
LAMBDAPLAY_ADMIN_PASSWORD = os.environ.get("LAMBDAPLAY_ADMIN_PASSWORD") or None
LAMBDAPLAY_SECRETS = LAMBDAPLAY_HOME.secrets(LAMBDAPLAY_ADMIN_PASSWORD)

# --- Django -----------------------------------------------------------------------------------------------------------

SECRET_KEY = LAMBDAPLAY_SECRETS.django_key
DEBUG = False
# The Host header is judged by our own middleware (421, and function URL hosts), so Django need not.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "lambdaplay.urls"
WSGI_APPLICATION = "lambdaplay.wsgi.application"

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_celery_results",
    "invocations",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["invocations.admin.tags"],
        },
    }
]


def _sqlite(path: str) -> dict[str, Any]:
    synchronous = {"process": "NORMAL", "power": "FULL"}[LAMBDAPLAY_DURABILITY]
    return {
        "ENGINE": "lambdaplay.db.sqlite",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # Beat carries the log over (lambdaplay/db/sqlite/checkpoints.py); 64 MB are waited for without it.
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous}; PRAGMA cache_size=-8000; "
                "PRAGMA wal_autocheckpoint=16000;"
            ),
        },
        # A file, like the real one: several threads and processes of a test must see the same rows.
        "TEST": {"NAME": f"{path}-test"},
    }


def _database(url: str) -> dict[str, Any]:
    """Turn DATABASE_URL into Django's form. sqlite:///path and postgresql://user:password@host:port/name are known."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(unquote(parts.path.removeprefix("/")) or str(LAMBDAPLAY_HOME.database))
    if parts.scheme in ("postgres", "postgresql"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.removeprefix("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
        }
    raise ImproperlyConfigured("DATABASE_URL must start with sqlite:/// or postgresql://.")


DATABASES = {"default": _database(_text("DATABASE_URL", f"sqlite:///{LAMBDAPLAY_HOME.database}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = LAMBDAPLAY_HOME.static
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Served from the packages themselves: a first start needs no collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# Plain http on a loopback address has no TLS to bind cookies to; anything else is expected behind a TLS proxy.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LAMBDAPLAY_LOOPBACK
SECURE_PROXY_SSL_HEADER = None if LAMBDAPLAY_LOOPBACK else ("HTTP_X_FORWARDED_PROTO", "https")
# The console alone: the endpoint answers AWS's protocols before Django, and SDKs do not follow such a redirect.
SECURE_SSL_REDIRECT = not LAMBDAPLAY_LOOPBACK
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^_lambdaplay/"]
SECURE_HSTS_SECONDS = 0 if LAMBDAPLAY_LOOPBACK else 30 * 24 * 3600
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: function URLs are subdomains, and may be served without TLS
    "security.W021",  # HSTS preload: for the owner of the domain to decide, not for us
]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Code packages go through our own forms (50 MB zipped, AWS's limit for a direct upload).
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# --- Celery: the messenger, never the truth ---------------------------------------------------------------------------

CELERY_BROKER_URL = _text("CELERY_BROKER_URL", f"redis+socket://{LAMBDAPLAY_HOME.broker_socket}")
LAMBDAPLAY_EMBEDDED_BROKER = not os.environ.get("CELERY_BROKER_URL")
CELERY_RESULT_BACKEND = "lambdaplay.results.Results"
CELERY_RESULT_EXPIRES = None  # they go with their invocations
CELERY_RESULT_BACKEND_THREAD_SAFE = True  # else each thread makes one, reading every installed package for it
CELERY_RESULT_EXTENDED = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
    "max_retries": 0,  # of connecting to a broker that is not there: rows wait for sweeps, senders for nothing
    "ack_emulation": False,  # Redis: two more round trips a message, to find again what rows do not lose
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONSUMER = "lambdaplay.consumer:QuickConsumer"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TASK_DEFAULT_QUEUE = "control"  # others are named in CELERY_TASK_ROUTES
CELERY_BEAT_SCHEDULE_FILENAME = str(LAMBDAPLAY_HOME.run / "beat-schedule")
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
# Each expires before the next is sent, so that none piles up while nobody takes them.
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "invocations.tasks.tick", "schedule": 2.0, "options": {"expires": 2.0}},
    "recover": {"task": "invocations.tasks.recover", "schedule": 2.0, "options": {"expires": 2.0}},
    "poll": {"task": "invocations.tasks.poll_due", "schedule": 1.0, "options": {"expires": 1.0}},
    "streams": {"task": "invocations.tasks.sweep_streams", "schedule": 60.0, "options": {"expires": 60.0}},
    "prune": {"task": "invocations.tasks.prune", "schedule": 3600.0, "options": {"expires": 3600.0}},
}

# --- logging ----------------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    # 503 is an answer given on purpose (health, capacity), not an accident to report.
    "filters": {
        "accidents": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", None) != 503,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "lambdaplay": {"level": "INFO"},
        "invocations": {"level": "INFO"},
        "django.request": {"filters": ["accidents"]},
    },
}
