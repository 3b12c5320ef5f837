"""The machine's clock. Whatever is applied is given its time: the clock is read outside of that alone."""

from __future__ import annotations

import time


def clock_ms() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000
