"""Points split by weight. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def largest_remainder(total: int, weights: Sequence[float]) -> tuple[int, ...]:
    """Whole shares of `total` in proportion to `weights` (none negative, one above 0) that add up to it exactly.

    Each gets its quota rounded down; what is left goes one by one to the largest remainders, ties in order. Counted in
    fractions: binary noise must not decide a tie.
    """
    exact = [Fraction(str(weight)) for weight in weights]
    quotas = [total * weight / sum(exact) for weight in exact]
    shares = [quota.numerator // quota.denominator for quota in quotas]
    order = sorted(range(len(exact)), key=lambda index: (shares[index] - quotas[index], index))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return tuple(shares)
