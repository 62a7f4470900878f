"""The evaluation process beside a real training with smdebug's hook."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.local

# Trains on a loss that it is told: one step for each line "MODE LOSS" on stdin. Its gradients are ones.
TRAINING = """
import sys
import smdebug.pytorch as smd
import torch

class ToldLoss(torch.nn.modules.loss._Loss):
    def forward(self, outputs, loss):
        return loss + (outputs - outputs.detach()).sum()

hook = smd.Hook(
    out_dir=sys.argv[1], save_config=smd.SaveConfig(save_interval=1), include_collections=["gradients"]
)
model, criterion = torch.nn.Linear(2, 1), ToldLoss()
hook.register_module(model)
hook.register_loss(criterion)
for line in sys.stdin:
    mode, loss = line.split()
    hook.set_mode(smd.modes[mode])
    value = criterion(model(torch.ones(1, 2)), float(loss))
    if mode == "TRAIN":
        value.backward()
    print("done", flush=True)
"""


def rule(name, **parameters):
    return {"RuleConfigurationName": name, "RuleParameters": {"rule_to_invoke": name, **parameters}}


class Evaluation:
    """``python -m sm_raw.local.debugger`` as the engine starts it."""

    def __init__(self, tensors, rules_file, environment=None):
        command = [sys.executable, "-m", "sm_raw.local.debugger", "--tensors", str(tensors), "--rules", str(rules_file)]
        self.process = subprocess.Popen(
            [*command, "--poll-seconds", "0.05"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def next_statuses(self, count):
        records = [json.loads(self.process.stdout.readline()) for _ in range(count)]
        return [tuple(record.values()) for record in records]

    def finish(self):
        """The training has ended: the remaining statuses, what is on stderr, and the exit status."""
        rest, complaints = self.process.communicate(timeout=60)
        return [tuple(json.loads(line).values()) for line in rest.splitlines()], complaints, self.process.returncode


def end(process):
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@pytest.fixture
def evaluation(tmp_path):
    started = []

    def start(rules, environment=None):
        rules_file = tmp_path / "rules.json"
        rules_file.write_text(json.dumps(rules))
        started.append(Evaluation(tmp_path / "tensors", rules_file, environment))
        return started[-1]

    yield start
    for one in started:
        end(one.process)


@pytest.fixture
def training(tmp_path):
    command = [sys.executable, "-W", "ignore", "-c", TRAINING, str(tmp_path / "tensors")]
    # Under SageMaker the hook leaves no mark of the end.
    environment = {"TRAINING_JOB_NAME": "job", "SMDEBUG_LOG_LEVEL": "off", "PATH": ""}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    yield process
    end(process)


def train(process, *steps):
    for step in steps:
        print(step, file=process.stdin, flush=True)
        assert process.stdout.readline() == "done\n"


def test_follows_a_training_that_grows_and_then_crashes(tmp_path, evaluation, training):
    following = evaluation(
        [rule("LossNotDecreasing", num_steps="2"), rule("Overfit"), rule("VanishingGradient"), rule("DeadRelu")]
    )
    assert [status[:2] for status in following.next_statuses(5)] == [
        ("LossNotDecreasing", "InProgress"),
        ("Overfit", "InProgress"),
        ("VanishingGradient", "InProgress"),
        ("DeadRelu", "InProgress"),
        ("DeadRelu", "Error"),
    ]
    # smdebug writes a step when the next one begins.
    train(training, "TRAIN 1.0", "TRAIN 0.9", "TRAIN 1.0", "TRAIN 0.5")
    message = "RuleEvaluationConditionMet: Evaluation of the rule {} at step {} resulted in the condition being met\n"
    assert following.next_statuses(1) == [
        ("LossNotDecreasing", "IssuesFound", message.format("LossNotDecreasing", 2)),
    ]
    train(training, "EVAL 2.0", "TRAIN 0.5")
    assert following.next_statuses(1) == [("Overfit", "IssuesFound", message.format("Overfit", 4))]
    training.kill()
    assert following.finish() == ([("VanishingGradient", "NoIssuesFound")], "", 0)
    assert (tmp_path / "tensors" / "training_job_end.ts").is_file()


def test_a_training_that_saved_nothing_is_an_error_of_every_rule(tmp_path, evaluation):
    statuses, complaints, code = evaluation([rule("Overfit"), rule("VanishingGradient")]).finish()
    assert [status[:2] for status in statuses] == [
        ("Overfit", "InProgress"),
        ("VanishingGradient", "InProgress"),
        ("Overfit", "Error"),
        ("VanishingGradient", "Error"),
    ]
    assert {status[2].split(".")[0] for status in statuses[2:]} == {
        "ClientError: No debugging data was saved by the training job"
    }
    assert (complaints, code) == ("", 0)
    assert not (tmp_path / "tensors").exists()


def test_without_smdebug_every_rule_ends_with_what_to_install(tmp_path, evaluation):
    hidden = tmp_path / "packages" / "smdebug"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('no smdebug here')")
    statuses, _, code = evaluation([rule("Overfit")], {"PYTHONPATH": str(hidden.parent)}).finish()
    assert statuses[1:] == [
        (
            "Overfit",
            "Error",
            "InternalServerError: smdebug, which reads the tensors, cannot be imported here (no smdebug here); "
            "install it with: pip install 'sm_raw[local]'",
        )
    ]
    assert code == 0


def test_an_action_is_said_not_to_be_carried_out(evaluation):
    _, complaints, _ = evaluation([rule("Overfit", action_json="[]")]).finish()
    assert complaints == "Overfit: action_json is not carried out by this engine\n"


@pytest.mark.parametrize("rules", ["nothing", {"Overfit": {}}, [{"RuleParameters": {}}]])
def test_rules_that_are_no_list_of_configurations_are_refused(evaluation, rules):
    statuses, complaints, code = evaluation(rules).finish()
    assert (statuses, code) == ([], 2)
    assert "expected a list of objects with RuleConfigurationName and RuleParameters" in complaints


def test_ends_without_a_traceback_when_nobody_reads_the_statuses(evaluation):
    unread = evaluation([rule("Overfit")])
    unread.next_statuses(1)
    unread.process.stdout.close()
    unread.process.stdin.close()
    assert (unread.process.wait(timeout=60), unread.process.stderr.read()) == (130, "")
