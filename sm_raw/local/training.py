"""One training job: data and code come down, the script runs, model and output go up, and every state is told."""

from __future__ import annotations

import contextlib
import shutil
import stat
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sm_raw.local import artifacts, container
from sm_raw.local.engine import Engine
from sm_raw.local.faults import Failing
from sm_raw.local.job_logs import LogStream, MetricReader
from sm_raw.local.process import ChildProcess, clean_environment
from sm_raw.local.rule_evaluation import RuleEvaluation
from sm_raw.local.store import Record
from sm_raw.local.system_monitor import SystemMonitor

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# "SageMaker sends the algorithm the SIGTERM signal, which delays job termination for 120 seconds"
# (API reference, StopTrainingJob).
STOP_GRACE_SECONDS = 120
DAY_SECONDS = 86_400  # the default of MaxRuntimeInSeconds (API reference, StoppingCondition)
FAILURE_REASON_LIMIT = 1024  # characters, from the service model
COMMAND_LIMIT = 300  # of those, at most, for the script's command line: its last lines tell more
STATUS = "TrainingJobStatus"
# What the service shows with each secondary status.
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class JobFailure(Exception):
    """The job cannot go on; the text is the FailureReason."""


class StopAsked(Exception):
    """The job was asked to stop before its script ran."""


class TrainingRun:
    """Runs the job behind ``record``; nothing happens on the disk before ``run``.

    ``cpus`` is its share of the machine's processors; ``on_end`` is called once when its last state is told.
    """

    def __init__(self, engine: Engine, record: Record, *, cpus: int, on_end: Callable[[Record], None]) -> None:
        self._engine, self._record, self._cpus, self._on_end = engine, record, cpus, on_end
        self._request: Mapping[str, Any] = record.description
        self._stop_asked = threading.Event()
        self._child: ChildProcess | None = None
        self._fault: Failing | None = None
        self._tree = container.Tree(engine.root / "jobs" / record.region / record.name)
        self._metrics = MetricReader(self._request["AlgorithmSpecification"].get("MetricDefinitions", []))
        self._log = LogStream(
            engine.client("logs", record.region),
            LOG_GROUP,
            f"{record.name}/{container.HOST}-{int(time.time())}",
        )
        self._rules = RuleEvaluation(engine, record, self._tree.tensors)

    def stop(self) -> str:
        """Ask the job to stop, if it runs: its script gets SIGTERM and time to save. Returns the status it was in."""
        status = self._begin_to_stop()
        if status == "InProgress":
            self._stop_asked.set()
            self._engine.start(f"stop {self._record.name}", lambda: self._end_child(STOP_GRACE_SECONDS))
        return status

    def kill(self) -> None:
        """End the job's process at once; the engine is closing."""
        self._stop_asked.set()
        self._end_child(0)
        self._rules.kill()

    def run(self) -> None:
        """The whole life of the job; the last state is always told."""
        with contextlib.ExitStack() as at_the_end:  # From the last line to the first, whatever happens.
            at_the_end.callback(shutil.rmtree, self._tree.base, ignore_errors=True)
            at_the_end.callback(self._on_end, self._record)
            at_the_end.callback(self._engine.forget, self)
            # Debugger rules outlast the training: their statuses may change after the job's last state.
            at_the_end.callback(self._rules.finish)
            self._engine.register(self, self.kill)
            self._fault = self._engine.faults.of_job(self._record.name)
            self._finish(*self._live())

    def _live(self) -> tuple[str, str]:
        """From the download to the upload; returns the last secondary status and the reason of a failure."""
        try:
            if self._fault and self._fault.error != "script":
                self._suffer(self._fault)
                raise JobFailure(self._fault.reason)
            self._tree.make()
            self._log.open()
            self._download()
            outcome, reason = self._train()
            if not self._engine.closing.is_set():
                self._upload(outcome)
        except StopAsked:
            return "Stopped", ""
        except JobFailure as failure:
            return "Failed", str(failure)
        except OSError as error:
            return "Failed", artifacts.disk_failure(error, self._engine.root)
        except Exception:
            self._finish("Failed", "InternalServerError: the local engine met an error of its own")
            raise
        finally:
            self._log.close()
        return outcome, reason

    def _suffer(self, fault: Failing) -> None:
        """Let the time pass until the fault strikes."""
        if self._stop_asked.wait(fault.seconds):
            raise StopAsked

    def _begin_to_stop(self) -> str:
        with self._engine.store.lock:
            status = self._engine.store.advance(self._record, STATUS, {"InProgress"}, "Stopping")
            if status == "InProgress":
                self._tell("Stopping")
        return status

    def _proceed(self, secondary: str, **fields: Any) -> None:
        """Enter a state that a job which was asked to stop does not reach any more."""
        with self._engine.store.lock:
            if self._stop_asked.is_set() or self._record.description[STATUS] != "InProgress":
                raise StopAsked
            self._tell(secondary, **fields)

    def _tell(self, secondary: str, **fields: Any) -> None:
        """Enter a secondary state and close the one before it."""
        store = self._engine.store
        with store.lock:
            now = store.now()
            transitions: list[dict[str, Any]] = self._record.description["SecondaryStatusTransitions"]
            transitions[-1]["EndTime"] = now
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": MESSAGES[secondary]})
            store.update(self._record, SecondaryStatus=secondary, **fields)

    def _download(self) -> None:
        self._proceed("Downloading", TrainingStartTime=self._engine.store.now())
        s3 = self._engine.client("s3", self._record.region)
        try:
            for channel in self._request.get("InputDataConfig", []):
                source = channel["DataSource"]["S3DataSource"]
                self._engine.cache.fetch_prefix(s3, source["S3Uri"], self._tree.data / channel["ChannelName"])
            container.write_config(self._tree, self._request)
            self._fetch_code(s3)
        except artifacts.DataFailure as error:
            raise JobFailure(f"ClientError: Data download failed: {error}") from None

    def _fetch_code(self, s3: Any) -> None:
        """The script's archive, or a folder or an archive that a channel brought."""
        submit = self._hyperparameter("sagemaker_submit_directory")
        source = self._tree.inside(submit)
        if submit.startswith("s3://"):
            source = artifacts.fetch_file(s3, submit, self._tree.base / "sourcedir.tar.gz")
        if source is None or not source.exists():
            raise artifacts.DataFailure(f"sagemaker_submit_directory {submit!r} is neither in S3 nor in a channel")
        if source.is_dir():
            shutil.copytree(source, self._tree.code, dirs_exist_ok=True)
        else:
            artifacts.unpack(source, self._tree.code)

    def _train(self) -> tuple[str, str]:
        command, environment = self._command(), self._environment()
        self._proceed("Training")
        if self._fault:
            self._suffer(self._fault)
            for line in self._fault.reason.splitlines():
                self._on_line(line)
            return "Failed", self._explain(self._fault.exit_code, command)
        if (self._tree.code / "requirements.txt").exists():
            self._log.write("requirements.txt is not installed here: the script runs with the engine's packages")
        self._child = ChildProcess(command, env=environment, cwd=self._tree.code, on_line=self._on_line)
        self._rules.start()
        with self._monitor():
            self._child.start()
            if self._stop_asked.is_set():
                self._end_child(0 if self._engine.closing.is_set() else STOP_GRACE_SECONDS)
            limits = self._request.get("StoppingCondition", {})
            code = self._child.wait(limits.get("MaxRuntimeInSeconds", DAY_SECONDS))
            if code is None:
                # One that was asked to stop before its time was up is Stopped all the same.
                outcome = "MaxRuntimeExceeded" if self._begin_to_stop() == "InProgress" else "Stopped"
                self._end_child(STOP_GRACE_SECONDS)
                return outcome, ""
        if self._stop_asked.is_set():
            return "Stopped", ""
        return ("Failed", self._explain(code, command)) if code else ("Completed", "")

    def _environment(self) -> dict[str, str]:
        return clean_environment(
            {
                "AWS_ENDPOINT_URL": self._engine.url,
                "HOME": str(self._tree.base / "home"),
                "TMPDIR": str(self._tree.base / "tmp"),
                # Jobs side by side must not each start a thread for every processor.
                "OMP_NUM_THREADS": str(self._cpus),
                **container.environment(self._tree, self._request, region=self._record.region, cpus=self._cpus),
            }
        )

    def _command(self) -> list[str]:
        program = self._hyperparameter("sagemaker_program")
        entry_point = self._tree.code / program
        if not entry_point.is_file() or not entry_point.resolve().is_relative_to(self._tree.code.resolve()):
            found = ", ".join(sorted(path.name for path in self._tree.code.iterdir())) or "nothing"
            raise JobFailure(
                f"AlgorithmError: the entry point {program!r} is not in the source archive, which holds {found}"
            )
        entry_point.chmod(entry_point.stat().st_mode | stat.S_IXUSR)
        hyperparameters = container.decode(self._request["HyperParameters"])
        return container.command(program, container.arguments(container.user_hyperparameters(hyperparameters)))

    def _hyperparameter(self, name: str) -> str:
        return str(container.decode(self._request["HyperParameters"])[name])

    def _monitor(self) -> contextlib.AbstractContextManager[object]:
        config = self._request.get("ProfilerConfig", {})
        if not config or config.get("DisableProfiler"):
            return contextlib.nullcontext()
        return SystemMonitor(
            self._tree.profiler,
            interval_milliseconds=config.get("ProfilingIntervalInMilliseconds", 500),
            node=container.HOST,
        )

    def _end_child(self, grace_seconds: float) -> None:
        if self._child is not None:
            self._child.stop(grace_seconds)

    def _on_line(self, line: str) -> None:
        self._log.write(line)
        self._metrics.read(line)

    def _explain(self, code: int, command: Sequence[str]) -> str:
        """FailureReason: what the script wrote into output/failure, or else its last lines."""
        written = self._tree.output / "failure"
        if not written.is_file():
            return script_failure(code, command, self._log.tail)
        text, ending = "AlgorithmError: " + written.read_text(errors="replace"), f", exit code: {code}"
        return text[: FAILURE_REASON_LIMIT - len(ending)] + ending

    def _upload(self, outcome: str) -> None:
        """Store what the script left; the service does so even when it failed (aws/sagemaker-python-sdk#746)."""
        self._tell("Uploading")
        try:
            self._store_artifacts()
        except artifacts.DataFailure as error:
            if outcome != "Failed":
                raise JobFailure(f"ClientError: Artifact upload failed: {error}") from None

    def _store_artifacts(self) -> None:
        s3 = self._engine.client("s3", self._record.region)
        base = artifacts.join_uri(self._request["OutputDataConfig"]["S3OutputPath"], self._record.name)
        for folder, archive in (
            (self._tree.model, self._request["ModelArtifacts"]["S3ModelArtifacts"]),
            (self._tree.output / "data", f"{base}/output/output.tar.gz"),
        ):
            # The service stores no archive of an empty folder (aws/sagemaker-python-sdk#3455).
            if any(folder.iterdir()):
                artifacts.upload_archive(s3, folder, archive)
        for field, folder, name in (
            ("DebugHookConfig", self._tree.tensors, "debug-output"),
            ("ProfilerConfig", self._tree.profiler, "profiler-output"),
        ):
            target = self._request.get(field, {}).get("S3OutputPath")
            if target and folder.exists():
                artifacts.upload_tree(s3, folder, artifacts.join_uri(target, self._record.name, name))

    def _finish(self, outcome: str, reason: str) -> None:
        self._publish_metrics()
        store = self._engine.store
        with store.lock:
            if self._record.description[STATUS] == "Stopping" and outcome == "Completed":
                outcome = "Stopped"  # The script was through, but the job was not yet.
            ended = store.now()
            fields: dict[str, Any] = {
                STATUS: "Stopped" if outcome == "MaxRuntimeExceeded" else outcome,
                "TrainingEndTime": ended,
                "FinalMetricDataList": self._metrics.final(),
            }
            if "TrainingStartTime" in self._record.description:
                seconds = max(1, round(ended - self._record.description["TrainingStartTime"]))
                fields.update(TrainingTimeInSeconds=seconds, BillableTimeInSeconds=seconds)
            if reason:
                fields["FailureReason"] = reason[:FAILURE_REASON_LIMIT]
            self._tell(outcome, **fields)

    def _publish_metrics(self) -> None:
        if self._engine.closing.is_set():
            return
        try:
            self._metrics.publish(self._engine.client("cloudwatch", self._record.region), self._record.name)
        except Exception as error:  # A job's state must not hang on its metrics.
            print(f"sm_raw local: the metrics of {self._record.name} are lost: {error}", file=sys.stderr)


def script_failure(code: int, command: Sequence[str], lines: Iterable[str]) -> str:
    """FailureReason in the form of the service and its training toolkit, with as many last lines as fit."""
    spelt = textwrap.shorten(" ".join(command).replace(sys.executable, "python", 1), COMMAND_LIMIT, placeholder=" ...")
    head = f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "'
    tail = f'"\nCommand "{spelt}", exit code: {code}'
    return head + "\n".join(lines)[-(FAILURE_REASON_LIMIT - len(head) - len(tail)) :].strip() + tail


def is_script_mode(request: Mapping[str, Any]) -> bool:
    """Whether the request names a script and its archive: what this engine can run."""
    values = request.get("HyperParameters", {})
    return {"sagemaker_program", "sagemaker_submit_directory"} <= set(values)
