import tests.daemon.test_judge_stateful as m
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test


@pytest.mark.parametrize("k", [m.AnyNight, m.AnyComparedNight])
def test_long(k):
    run_state_machine_as_test(k, settings=settings(max_examples=1500, stateful_step_count=80, deadline=None, database=None))
