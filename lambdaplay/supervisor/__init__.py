"""One process that owns all others: `manage.py up`.

Django, Celery and gunicorn are imported once; every Python part is then a fork, which costs milliseconds and shares its
memory. Broker and environment host are programs of their own. Whatever happens to this process, no part outlives it.
"""
