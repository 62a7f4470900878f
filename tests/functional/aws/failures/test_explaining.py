from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sm_raw.aws.failures.explaining import CHILDREN_READ, Explanation, explain_failure, explained
from sm_raw.aws.failures.layout import WIDTH
from sm_raw.errors import JobFailed

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    import timm",
    "ModuleNotFoundError: No module named 'timm'",
]
SCRIPT_ERROR = (
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ""\nCommand "python train.py", exit code: 1'
)
PING = "The primary container for production variant AllTraffic did not pass the ping health check."
TUNING = "CreateHyperParameterTuningJob"


class Cloud:
    """Clients that describe one thing, with its failed children, and read the ends of its streams."""

    def __init__(self, **description: Any) -> None:
        self.description = description
        self.children: list[dict[str, str]] = []
        self.streams: dict[str, list[tuple[int, str]]] = {}
        self.denied = False
        self.groups: set[str] = set()

    def client(self, service: str) -> Any:
        return self

    @property
    def logs(self) -> Any:
        return self

    def write(self, stream: str, lines: Sequence[str], at: int = 0) -> None:
        self.streams.setdefault(stream, []).extend((at + number, line) for number, line in enumerate(lines))

    def _describe(self, **_: str) -> dict[str, Any]:
        return self.description

    describe_training_job = describe_processing_job = describe_endpoint = _describe
    describe_hyper_parameter_tuning_job = get_function_configuration = _describe

    def list_training_jobs_for_hyper_parameter_tuning_job(self, **request: Any) -> dict[str, Any]:
        assert request["StatusEquals"] == "Failed"
        first = int(request.get("NextToken", 0))
        page: dict[str, Any] = {"TrainingJobSummaries": self.children[first : first + 3]}
        return page | ({"NextToken": str(first + 3)} if first + 3 < len(self.children) else {})

    def describe_log_streams(self, **request: str) -> dict[str, Any]:
        if self.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeLogStreams")
        self.groups.add(request["logGroupName"])
        prefix = request.get("logStreamNamePrefix", "")
        return {"logStreams": [{"logStreamName": name} for name in self.streams if name.startswith(prefix)]}

    def get_log_events(self, **request: Any) -> dict[str, Any]:
        events = self.streams[request["logStreamName"]][-request["limit"] :]
        return {"events": [{"timestamp": at, "message": line} for at, line in events]}


def explain(cloud: Cloud, kind: str, name: str = "digits", **options: Any) -> Explanation:
    clients: Any = cloud
    explanation = explain_failure(clients, kind, name, sleep=lambda _: None, **options)
    assert all(len(line) <= WIDTH for line in str(explanation).splitlines())
    return explanation


def causes(explanation: Explanation) -> list[str]:
    return [cause.id for cause in explanation.causes]


def test_a_failed_script_is_explained_by_the_traceback_in_its_log() -> None:
    cloud = Cloud(TrainingJobStatus="Failed", SecondaryStatus="Failed", FailureReason=SCRIPT_ERROR)
    cloud.write("digits/algo-1-1732147200", ["epoch 1", *TRACEBACK, "Reporting training FAILURE"])
    found = explain(cloud, "CreateTrainingJob")
    assert (found.kind, found.name, found.status, found.exit_code) == ("training job", "digits", "Failed", 1)
    assert found.reason == SCRIPT_ERROR
    assert found.traceback == "\n".join(TRACEBACK)
    assert causes(found) == ["module-missing"]
    assert found.log_tail == ("epoch 1", *TRACEBACK, "Reporting training FAILURE")
    assert cloud.groups == {"/aws/sagemaker/TrainingJobs"}


def test_the_block_reads_from_top_to_bottom() -> None:
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason="AlgorithmError: , exit code: 1")
    cloud.write("digits/algo-1-1", [*TRACEBACK, "x" * 300])
    assert str(explain(cloud, "CreateTrainingJob", lines=1)) == "\n".join(
        [
            "training job 'digits': Failed, exit code 1",
            "  reason: AlgorithmError: , exit code: 1",
            "  cause:  The code imports a package that the container does not have.",
            "  remedy: Add it to requirements.txt next to the entry point (for inference in",
            "          code/ of model.tar.gz), or import it only where it is used.",
            "  traceback:",
            *(f"  | {line}" for line in TRACEBACK),
            "  the last lines of its log:",
            "  | " + "x" * 76,
            "  |     " + "x" * 71 + "…",
        ]
    )


def test_of_several_hosts_the_first_to_fail_is_shown() -> None:
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason=SCRIPT_ERROR)
    nccl = [TRACEBACK[0], *TRACEBACK[1:3], "RuntimeError: NCCL error: remote process exited"]
    cloud.write("digits/algo-1-1", nccl, at=500)
    cloud.write("digits/algo-2-1", TRACEBACK, at=100)
    assert explain(cloud, "CreateTrainingJob").traceback == "\n".join(TRACEBACK)


def test_without_a_traceback_the_lines_of_all_hosts_are_shown_with_their_names() -> None:
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason="AlgorithmError: , exit code: 137")
    cloud.write("digits/algo-1-1732147200", ["one"], at=1)
    cloud.write("digits/algo-2-1732147200", ["two"], at=0)
    found = explain(cloud, "CreateTrainingJob")
    assert found.log_tail == ("digits/algo-2: two", "digits/algo-1: one")
    assert (found.exit_code, causes(found)) == (137, ["host-memory"])


@pytest.mark.parametrize(
    ("description", "log", "ids"),
    [
        ({"FailureReason": "AlgorithmError: , exit code: 2"}, [], ["hyperparameters-refused"]),
        ({"FailureReason": SCRIPT_ERROR}, ["OSError: [Errno 28] No space left on device"], ["disk-full"]),
        # What the reason tells is enough: a warning in the log does not come into it.
        ({"FailureReason": "CapacityError: no"}, ["ThrottlingException, trying again"], ["capacity"]),
        ({"FailureReason": SCRIPT_ERROR}, ["nothing of note"], []),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"}, [], ["runtime-limit"]),
        ({"TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"}, [], ["wait-limit"]),
        (
            {
                "TrainingJobStatus": "Completed",
                "DebugRuleEvaluationStatuses": [
                    {
                        "RuleConfigurationName": "Overfit",
                        "RuleEvaluationStatus": "Error",
                        "StatusDetails": "ClientError: No debugging data was saved by the training job.",
                    }
                ],
            },
            [],
            ["debugger-no-data"],
        ),
    ],
)
def test_the_cause_is_looked_for_where_it_is_told_best(
    description: dict[str, Any], log: list[str], ids: list[str]
) -> None:
    cloud = Cloud(**{"TrainingJobStatus": "Failed", "SecondaryStatus": "Failed", **description})
    cloud.write("digits/algo-1-1", log)
    assert causes(explain(cloud, "CreateTrainingJob")) == ids


def test_an_endpoint_that_does_not_answer_is_explained_by_its_own_log_first() -> None:
    cloud = Cloud(EndpointStatus="Failed", FailureReason=PING)
    cloud.write("AllTraffic/i-0abc", TRACEBACK)
    found = explain(cloud, "CreateEndpoint", "e")
    assert (found.kind, causes(found)) == ("endpoint", ["module-missing", "ping"])
    assert cloud.groups == {"/aws/sagemaker/Endpoints/e"}


def test_a_traceback_in_a_model_servers_log_is_shown_once_and_as_it_was_written() -> None:
    served = [
        f"2022-04-02T01:32:09,{600 + at} [INFO ] W-9000-model_1.0-stdout MODEL_LOG - {line}"
        for at, line in enumerate([*TRACEBACK, "Backend worker process died."])
    ]
    cloud = Cloud(EndpointStatus="Failed", FailureReason=PING)
    cloud.write("AllTraffic/i-0abc", served)
    found = explain(cloud, "CreateEndpoint", "e")
    assert found.traceback == "\n".join(TRACEBACK)
    assert causes(found) == ["module-missing", "ping"]
    assert str(found).count("import timm") == 1
    assert "worker process died." in str(found)


def test_a_processing_jobs_own_message_is_part_of_the_reason() -> None:
    cloud = Cloud(ProcessingJobStatus="Failed", FailureReason="AlgorithmError: , exit code: 1", ExitMessage="no rows")
    found = explain(cloud, "CreateProcessingJob")
    assert found.reason == "AlgorithmError: , exit code: 1\nno rows"


def test_a_functions_timeout_is_found_in_its_log() -> None:
    cloud = Cloud(FunctionName="ask", State="Active")
    cloud.write("2026/11/21/[$LATEST]0a", ["START", "2026-11-21T00:00:00Z 0b Task timed out after 3.00 seconds"])
    found = explain(cloud, "CreateFunction", "ask")
    assert (found.kind, found.status, causes(found)) == ("function", "Active", ["lambda-timeout"])
    assert cloud.groups == {"/aws/lambda/ask"}


def test_what_has_not_failed_is_said_to_be_well() -> None:
    found = explain(Cloud(TrainingJobStatus="Completed"), "CreateTrainingJob")
    assert found == Explanation("training job", "digits", "Completed")
    assert str(found) == "training job 'digits': Completed"


def test_a_log_that_cannot_be_read_does_not_hide_the_reason() -> None:
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason="CapacityError: no capacity")
    cloud.denied = True
    found = explain(cloud, "CreateTrainingJob")
    assert (causes(found), found.log_tail) == (["capacity"], ())


def test_failed_children_of_a_tuning_job_are_counted_by_cause() -> None:
    cloud = Cloud(HyperParameterTuningJobStatus="Failed", FailureReason="No training job succeeded after 5 attempts.")
    reasons = [SCRIPT_ERROR] * 4 + ["CapacityError: no capacity"] * 2 + [SCRIPT_ERROR.replace("code: 1", "code: 137")]
    for number, reason in enumerate(reasons):
        name = f"tune-{number:03}-a"
        cloud.children.append({"TrainingJobName": name, "FailureReason": reason})
        cloud.write(f"{name}/algo-1-1", TRACEBACK if number < 4 else ["killed"])
    found = explain(cloud, TUNING, "tune")
    assert [(group.cause.id if group.cause else None, len(group.names)) for group in found.children] == [
        ("module-missing", 4),
        ("capacity", 2),
        ("host-memory", 1),
    ]
    assert causes(found) == ["module-missing", "capacity", "host-memory", "children-failed"]
    assert found.traceback == "\n".join(TRACEBACK)
    assert json.loads(json.dumps(found.as_data()))["children"][1] == {
        "names": ["tune-004-a", "tune-005-a"],
        "reason": "CapacityError: no capacity",
        "cause": "capacity",
    }
    assert "  jobs:   4 failed, as tune-000-a\n  cause:  The code imports" in str(found)
    assert str(found).count("The code imports") == 1


def test_a_traceback_is_looked_for_though_the_reason_of_the_children_tells_the_cause() -> None:
    cloud = Cloud(HyperParameterTuningJobStatus="Failed", FailureReason="All training jobs failed.")
    reason = f"{SCRIPT_ERROR}\n{TRACEBACK[-1]}"
    for name in ("tune-001-a", "tune-002-a"):
        cloud.children.append({"TrainingJobName": name, "FailureReason": reason})
        cloud.write(f"{name}/algo-1-1", TRACEBACK)
    found = explain(cloud, TUNING, "tune")
    assert found.traceback == "\n".join(TRACEBACK)
    assert [group.names for group in found.children] == [("tune-001-a", "tune-002-a")]


def test_of_many_children_with_reasons_that_say_nothing_few_logs_are_read() -> None:
    cloud = Cloud(HyperParameterTuningJobStatus="Completed", FailureReason="")
    for number in range(40):
        name, reason = f"tune-{number:03}-a", f"AlgorithmError: problem {'abcdefghij'[number % 10]}, exit code: 1"
        cloud.children.append({"TrainingJobName": name, "FailureReason": reason})
        cloud.write(f"{name}/algo-1-1", ["nothing"])
    cloud.description["HyperParameterTuningJobStatus"] = "Stopped"
    reads: list[str] = []
    read = cloud.get_log_events
    cloud.get_log_events = lambda **request: reads.append("") or read(**request)  # type: ignore[method-assign, func-returns-value]
    found = explain(cloud, TUNING, "tune")
    assert len(reads) == CHILDREN_READ
    assert [len(group.names) for group in found.children] == [40]
    assert found.children[0].cause is None


def test_a_tuning_job_without_failed_children_has_its_own_reason() -> None:
    cloud = Cloud(HyperParameterTuningJobStatus="Failed", FailureReason="No objective metrics found after running 5.")
    found = explain(cloud, TUNING, "tune")
    assert (causes(found), found.children) == (["no-objective-metric"], ())


def test_what_the_reason_quotes_of_the_log_is_shown_once() -> None:
    """The toolkit quotes the last lines of the script, and the service cuts what is too long."""
    cut = 'me/train.py", line 3, in <module>'
    reason = "\n".join(
        [
            "AlgorithmError: ExecuteUserScriptError:",
            "ExitCode 1",
            f'ErrorMessage "{cut}',
            *TRACEBACK[2:-1],
            f'{TRACEBACK[-1]}"',
            'Command "python train.py", exit code: 1',
        ]
    )
    log = ["epoch 1", TRACEBACK[0], f'  File "/a/place/to/co{cut}', *TRACEBACK[2:]]
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason=reason)
    cloud.write("digits/algo-1-1", log)
    found = explain(cloud, "CreateTrainingJob")
    assert found.reason == reason
    assert str(found).splitlines()[1:4] == [
        "  reason: AlgorithmError: ExecuteUserScriptError:",
        "          ExitCode 1",
        '          Command "python train.py", exit code: 1',
    ]
    assert str(found).splitlines()[7:] == [
        "  traceback:",
        *(f"  | {line}" for line in log[1:]),
        "  the last lines of its log:",
        "  | epoch 1",
    ]


def test_a_long_line_of_a_traceback_is_shown_to_its_end() -> None:
    place = f'  File "/{"a-folder/" * 12}train.py", line 3, in <module>'
    cloud = Cloud(TrainingJobStatus="Failed", FailureReason="AlgorithmError: , exit code: 1")
    cloud.write("digits/algo-1-1", [TRACEBACK[0], place, *TRACEBACK[2:]])
    rows = str(explain(cloud, "CreateTrainingJob")).splitlines()
    shown = "".join(row.removeprefix("  |").strip() for row in rows[6:10])
    assert "".join(place.split()) in "".join(shown.split())


def test_a_spot_job_that_waited_too_long_after_an_interruption_is_told_both() -> None:
    passed = [{"Status": "Training"}, {"Status": "Interrupted"}, {"Status": "MaxWaitTimeExceeded"}]
    cloud = Cloud(TrainingJobStatus="Stopped", SecondaryStatus="MaxWaitTimeExceeded", SecondaryStatusTransitions=passed)
    assert causes(explain(cloud, "CreateTrainingJob")) == ["wait-limit", "spot-interrupted"]


def test_a_failure_within_the_block_carries_its_explanation() -> None:
    clients: Any = Cloud(TrainingJobStatus="Failed", FailureReason=SCRIPT_ERROR)
    clients.write("digits/algo-1-1", TRACEBACK)
    failed = JobFailed("training job", "digits", "Failed", SCRIPT_ERROR, log_tail=TRACEBACK)
    with pytest.raises(JobFailed) as caught, explained(clients):
        raise failed
    assert caught.value is failed
    assert caught.value.explanation == explain_failure(clients, "CreateTrainingJob", "digits")
    assert str(caught.value) == str(caught.value.explanation)


@pytest.mark.parametrize("kind", ["log export", "training job"])
def test_a_failure_that_cannot_be_explained_is_raised_as_it_was(kind: str) -> None:
    clients: Any = object()
    with pytest.raises(JobFailed, match="ended FAILED: no access") as caught, explained(clients):
        raise JobFailed(kind, "e-1", "FAILED", "no access")
    assert caught.value.explanation is None
