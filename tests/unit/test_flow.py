"""Measured flow: what the encoder saw against what was commanded."""

from infuser.core.flow import FlowChecker


def test_encoder_noise_and_flight_are_no_deviation_but_missing_steps_are():
    flow = FlowChecker()
    flow.restart(100, 0)
    assert flow.deviation_steps((100 + 1280) % 4096, 1000, 1010) == 0
    assert flow.deviation_steps((100 + 1280) % 4096, 1010, 1010) == -10
    assert flow.deviation_steps((100 + 1306) % 4096, 1000, 1010) == 10


def test_movement_is_followed_over_many_turns_of_the_encoder():
    flow = FlowChecker()
    flow.restart(0, 0)
    for step in range(0, 50_000, 1000):
        assert flow.deviation_steps(step * 4096 // 3200 % 4096, step, step + 1) in (0, -1)
