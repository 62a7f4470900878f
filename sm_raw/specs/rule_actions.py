"""What a Debugger rule does when it finds an issue: stop the job, send a mail, send a text message.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-actions.html
Stopping needs sagemaker:StopTrainingJob in the job's role; messages go through the SNS topic SMDebugRules and
need sns:Publish, sns:CreateTopic and sns:Subscribe. Rules of the profiler have no actions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def stop_training(*, job_name: str | None = None, prefix: str | None = None) -> dict[str, str]:
    """Stop the training job of this name, or the one running job whose name begins with ``prefix``.

    The rule's container compares in lower case: a name with capitals is never found. (Both forms mean the
    same to it; the fields stand in the order in which AWS's SDK writes them.)
    """
    if job_name is not None:
        return {"name": "stoptraining", "training_job_prefix": job_name}
    own_prefix = {} if prefix is None else {"training_job_prefix": prefix}
    return {**own_prefix, "name": "stoptraining"}


def email(address: str) -> dict[str, str]:
    """Send a mail; the address gets a subscription to confirm first."""
    return {"endpoint": address, "name": "email"}


def sms(phone_number: str) -> dict[str, str]:
    """Send a text message to a number such as ``+12065550100``."""
    return {"endpoint": phone_number, "name": "sms"}


def action_json(actions: Mapping[str, str] | Sequence[Mapping[str, str]]) -> str:
    """The rule parameter ``action_json`` for one action or for a list of them.

    The rule's container pastes it between the quotes of a Python string, hence a backslash before each quote.
    They count: all three actions take about 170 of a parameter's 256 characters, without the job's name.
    """
    document = dict(actions) if isinstance(actions, Mapping) else [dict(action) for action in actions]
    return json.dumps(document).replace('"', '\\"')
