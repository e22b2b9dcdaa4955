"""The console. Importing it registers every page with Django's admin."""

from invocations.admin import access_keys, functions, invocations, thirdparty

__all__ = ["access_keys", "functions", "invocations", "thirdparty"]
