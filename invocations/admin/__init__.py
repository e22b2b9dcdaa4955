"""The console. Importing it registers every page with Django's admin."""

from invocations.admin import (
    access_keys,
    apis,
    buckets,
    buses,
    deliveries,
    functions,
    invocations,
    layers,
    mappings,
    queues,
    schedules,
    streams,
    thirdparty,
    topics,
)

__all__ = [
    "access_keys",
    "apis",
    "buckets",
    "buses",
    "deliveries",
    "functions",
    "invocations",
    "layers",
    "mappings",
    "queues",
    "schedules",
    "streams",
    "thirdparty",
    "topics",
]
