"""What runs inside or around a sandboxed function process. Standard library only, Python 3.9 or newer.

Imported by the environment host (`python -I -S`, this package's parent folder on sys.path) and by the server.
"""
