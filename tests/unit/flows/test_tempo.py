"""How many texts are claimed ahead follows how fast the channel takes them."""

import pytest

from appservice.flows.departure.tempo import Tempo


def test_the_first_answer_says_nothing_of_the_time_before_it():
    tempo = Tempo(a_second=32)
    tempo.starts(1000.0)
    for number in range(6):
        tempo.took(1000.01 + number * 0.01)
    assert tempo.a_second == pytest.approx(100, rel=0.25)


def test_an_idle_night_does_not_slow_the_morning():
    tempo = Tempo()
    tempo.starts(0.0)
    for number in range(1, 200):
        tempo.took(number / 400)
    assert tempo.a_second == pytest.approx(400, rel=0.05)
    tempo.starts(30_000.0)
    tempo.took(30_000.01)
    assert tempo.a_second == pytest.approx(400, rel=0.05)


def test_a_channel_that_turns_slow_is_believed():
    tempo = Tempo(a_second=400)
    tempo.starts(0.0)
    for second in (1.0, 2.0, 3.0):
        tempo.took(second)
    assert tempo.a_second == 1
