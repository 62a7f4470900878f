from __future__ import annotations

import pytest

from sm_raw.specs.rule_actions import action_json, email, sms, stop_training


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        (
            stop_training(job_name="dogs-actions"),
            r"{\"name\": \"stoptraining\", \"training_job_prefix\": \"dogs-actions\"}",
        ),
        (
            stop_training(prefix="dogs-other"),
            r"{\"training_job_prefix\": \"dogs-other\", \"name\": \"stoptraining\"}",
        ),
        (
            [stop_training(job_name="dogs-actions"), email("me@example.com"), sms("+12065550100")],
            r"[{\"name\": \"stoptraining\", \"training_job_prefix\": \"dogs-actions\"}, "
            r"{\"endpoint\": \"me@example.com\", \"name\": \"email\"}, "
            r"{\"endpoint\": \"+12065550100\", \"name\": \"sms\"}]",
        ),
    ],
)
def test_actions_are_json_with_a_backslash_before_each_quote_as_aws_sends_them(actions, text):
    assert action_json(actions) == text


def test_all_three_actions_fit_a_parameter_with_the_longest_job_name():
    actions = [stop_training(job_name="a" * 63), email("me@example.com"), sms("+12065550100")]
    assert len(action_json(actions)) <= 256
