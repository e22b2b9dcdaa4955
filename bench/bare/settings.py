"""lambdaplay's own settings (database engine, durability, logging) around an application of one view."""

from lambdaplay.settings import *  # noqa: F403
from lambdaplay.settings import DATABASES
from lambdaplay.settings import INSTALLED_APPS as THEIRS

INSTALLED_APPS = [*THEIRS, "bench.bare"]
MIDDLEWARE = []
TEMPLATES = []
ROOT_URLCONF = "bench.bare.urls"
# The floor keeps its connections too: opening one for each request would flatter us.
DATABASES["default"]["CONN_MAX_AGE"] = None
