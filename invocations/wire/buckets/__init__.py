"""Our part of S3: notification configurations, and a tap that hears which objects were changed.

All else of S3 passes through to the companion (`companion.py`).
"""
