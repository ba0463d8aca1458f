"""Shortest-looking digits of a float by the Grisu2 algorithm, as nlohmann's JSON library prints them.

Grisu2 (F. Loitsch, "Printing Floating-Point Numbers Quickly and Accurately with Integers", PLDI 2010) always reads back
as the same number but is not the shortest text in about one case of three hundred, where Python's `repr` differs; the
text of `toJSON` is hashed into store paths, so the digits must be the same.
"""

from __future__ import annotations

import struct
from functools import cache

_MASK = 2**52 - 1
_HIDDEN = 2**52
_BIAS = 1075
_ALPHA = -60
_MIN_POWER, _POWER_STEP = -300, 8


def shortest_digits(number: float) -> tuple[str, int]:
    """(digits, exponent) of a finite positive number: its value is about digits · 10^exponent."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    exponent, fraction = bits >> 52, bits & _MASK
    f, e = (fraction, 1 - _BIAS) if exponent == 0 else (fraction + _HIDDEN, exponent - _BIAS)
    plus_f, plus_e = _normalize(2 * f + 1, e - 1)
    # Just above a power of two the neighbour below is nearer.
    low_f, low_e = (4 * f - 1, e - 2) if fraction == 0 and exponent > 1 else (2 * f - 1, e - 1)
    minus_f = low_f << (low_e - plus_e)
    middle_f, _ = _normalize(f, e)
    power_f, power_e, power = _cached_power(plus_e)
    scaled_e = plus_e + power_e + 64
    upper = _multiply(plus_f, power_f) - 1
    lower = _multiply(minus_f, power_f) + 1
    return _generate(lower, _multiply(middle_f, power_f), upper, scaled_e, -power)


def _normalize(f: int, e: int) -> tuple[int, int]:
    shift = 64 - f.bit_length()
    return f << shift, e - shift


def _multiply(x: int, y: int) -> int:
    return (x * y + 2**63) >> 64


def _cached_power(e: int) -> tuple[int, int, int]:
    f = _ALPHA - e - 1
    k = int(f * 78913 / 2**18) + (1 if f > 0 else 0)
    index = (-_MIN_POWER + k + _POWER_STEP - 1) // _POWER_STEP
    return _power_of_ten(_MIN_POWER + index * _POWER_STEP)


@cache
def _power_of_ten(power: int) -> tuple[int, int, int]:
    """10^power as a rounded 64-bit significand and a binary exponent."""
    numerator, denominator = (10**power, 1) if power >= 0 else (1, 10**-power)
    shift = 64 - (numerator.bit_length() - denominator.bit_length())
    for e in (shift - 1, shift, shift + 1):
        scaled = numerator << e if e >= 0 else numerator
        divisor = denominator if e >= 0 else denominator << -e
        significand = (2 * scaled + divisor) // (2 * divisor)
        if significand.bit_length() == 64:
            return significand, -e, power
    raise AssertionError("unreachable: one of three neighbouring shifts gives 64 bits")


def _generate(lower: int, middle: int, upper: int, e: int, exponent: int) -> tuple[str, int]:
    delta, distance = upper - lower, upper - middle
    one = 1 << -e
    whole, rest = upper >> -e, upper & (one - 1)
    digits: list[int] = []
    count = len(str(whole))
    weight = 10 ** (count - 1)
    while count > 0:
        digit, whole = divmod(whole, weight)
        digits.append(digit)
        count -= 1
        remainder = (whole << -e) + rest
        if remainder <= delta:
            _round(digits, distance, delta, remainder, weight << -e)
            return "".join(map(str, digits)), exponent + count
        weight //= 10
    places = 0
    while True:
        rest *= 10
        digits.append(rest >> -e)
        rest &= one - 1
        places += 1
        delta *= 10
        distance *= 10
        if rest <= delta:
            break
    _round(digits, distance, delta, rest, one)
    return "".join(map(str, digits)), exponent - places


def _round(digits: list[int], distance: int, delta: int, rest: int, unit: int) -> None:
    """Lower the last digit while that brings the text closer to the number."""
    while (
        rest < distance
        and delta - rest >= unit
        and (rest + unit < distance or distance - rest > rest + unit - distance)
    ):
        digits[-1] -= 1
        rest += unit
