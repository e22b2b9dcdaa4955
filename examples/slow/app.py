"""Sleeps as long as the event says. Its timeout is 5 seconds: ask for more, and see it cut off."""

import time


def handler(event, context):
    seconds = float(event.get("seconds", 1))
    print(f"Sleeping {seconds:g} s, with {context.get_remaining_time_in_millis()} ms left")
    time.sleep(seconds)
    return {"slept": seconds, "left_ms": context.get_remaining_time_in_millis()}
