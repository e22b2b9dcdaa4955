"""Running functions: the environment host, what it starts, and the door to it (client.py)."""
