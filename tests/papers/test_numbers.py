"""Numbers of papers survive being printed, read out and typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.papers.issue import new_number
from lti_tool.papers.numbers import ALPHABET, LENGTH, RANDOM_BYTES, number_of, read_number, show_number

numbers = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES).map(number_of)


@given(numbers)
def test_what_is_printed_is_read_as_the_same_number(number: str) -> None:
    assert len(number) == LENGTH
    shown = show_number(number)
    sloppy = shown.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert {read_number(number), read_number(shown), read_number(sloppy), read_number(f"  {shown} ")} == {number}


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES))
def test_a_number_keeps_a_hundred_bits_of_chance(random: bytes) -> None:
    value = 0
    for sign in number_of(random):
        value = value * 32 + ALPHABET.index(sign)
    assert value == int.from_bytes(random, "big") >> 4


@pytest.mark.parametrize(
    "typed", ["", "-", "7K3QX", "7K3QX" * 5, "U" * 20, "../../../../etc/pass", "ķ" * 20, "７" * 20]
)
def test_what_can_be_no_number_is_none(typed: str) -> None:
    assert read_number(typed) is None


def test_no_two_are_alike() -> None:
    assert len({new_number() for _ in range(2000)}) == 2000
