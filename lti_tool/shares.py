"""Shares of 1 as whole per cent. Pure."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal


def whole_percent(share: Decimal | float) -> Decimal:
    """The share cut, not rounded, to two places: nobody may read of a pass mark that was not reached."""
    return Decimal(str(share)).quantize(Decimal("0.01"), ROUND_DOWN)
