"""Amounts, parts and times as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def units(amount: int, decimals: int = 0) -> str:
    """An amount of minor units as people write it.

    >>> units(123450, 2), units(-5, 1), units(7)
    ('1,234.50', '-0.5', '7')
    """
    whole, rest = divmod(abs(amount), 10**decimals)
    return ("-" if amount < 0 else "") + f"{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


def percent(bps: int) -> str:
    """So many of 10,000 parts as per cent.

    >>> percent(5_000), percent(6_666), percent(1_250)
    ('50 %', '66.66 %', '12.5 %')
    """
    return units(bps, 2).rstrip("0").rstrip(".") + " %" if bps % 100 else f"{bps // 100:,} %"


def share(part: int, whole: int) -> str:
    """A part of a whole as per cent, rounded down to two places; nothing of nothing is 0 %.

    >>> share(2, 3), share(0, 0), share(1, 3_000_000)
    ('66.66 %', '0 %', '0 %')
    """
    return percent(part * 10_000 // whole if whole else 0)


def when(time_ms: int) -> str:
    """A time as people write it, UTC.

    >>> when(0), when(1_500), when(2**64 - 1)
    ('1970-01-01 00:00:00', '1970-01-01 00:00:01.500', '18446744073709551615 ms')
    """
    try:
        moment = _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return f"{time_ms} ms"
    text = moment.strftime("%Y-%m-%d %H:%M:%S")
    return text if time_ms % 1_000 == 0 else f"{text}.{time_ms % 1_000:03d}"


def span(length_ms: int) -> str:
    """A length of time as people write it.

    >>> span(259_200_000), span(90_000), span(0), span(1)
    ('3 days', '90 seconds', '0', '1 ms')
    """
    for size, name in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")):
        count, rest = divmod(length_ms, size)
        if count and not rest:
            return f"{count:,} {name}" + ("s" if count > 1 else "")
    return f"{length_ms:,} ms" if length_ms else "0"
