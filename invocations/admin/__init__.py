"""The console. Importing it registers every page with Django's admin."""

from invocations.admin import access_keys, deliveries, functions, invocations, queues, thirdparty

__all__ = ["access_keys", "deliveries", "functions", "invocations", "queues", "thirdparty"]
