"""The storm: a whole house of its own, events sent into it while its processes are killed, and what came of them.

What happened is asked from outside: of the endpoint (each event's record) and of two queues, one that the function
tells before it returns and one that the destinations fill. Nothing is read from the house's own memory.
"""
