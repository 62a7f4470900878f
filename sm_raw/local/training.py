"""One training job: data and code come down, the script runs, model and output go up, and every state is told."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sm_raw.local import artifacts, container
from sm_raw.local.engine import Engine
from sm_raw.local.job_logs import LogStream, MetricReader
from sm_raw.local.process import ChildProcess, clean_environment
from sm_raw.local.rule_evaluation import RuleEvaluation
from sm_raw.local.store import Record
from sm_raw.local.system_monitor import SystemMonitor

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
# "SageMaker sends the algorithm the SIGTERM signal, which delays job termination for 120 seconds"
# (API reference, StopTrainingJob).
STOP_GRACE_SECONDS = 120
FAILURE_REASON_LIMIT = 1024  # characters, from the service model
MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job exceeded MaxRuntimeInSeconds provided",
}


class JobFailure(Exception):
    """The job cannot go on; the text is the FailureReason."""


class TrainingRun:
    """Runs the job behind ``record``.

    ``cpus`` is its share of the machine's processors; ``on_end`` is called once when its last state is told.
    """

    def __init__(self, engine: Engine, record: Record, *, cpus: int, on_end: Callable[[Record], None]) -> None:
        self._engine, self._record, self._cpus, self._on_end = engine, record, cpus, on_end
        self._request: Mapping[str, Any] = record.description
        self._stop_asked = threading.Event()
        self._child: ChildProcess | None = None
        self._tree = container.Tree(engine.folder("jobs", record.region, record.name))
        self._metrics = MetricReader(self._request["AlgorithmSpecification"].get("MetricDefinitions", []))
        self._log = LogStream(
            engine.client("logs", record.region),
            LOG_GROUP,
            f"{record.name}/{container.HOST}-{int(time.time())}",
        )
        self._rules = RuleEvaluation(engine, record, self._tree.tensors)

    def stop(self) -> None:
        """Ask the job to stop: its script gets SIGTERM and time to save what it has."""
        self._stop_asked.set()
        if self._child is not None:
            self._engine.start(f"stop {self._record.name}", lambda: self._end_child(STOP_GRACE_SECONDS))

    def kill(self) -> None:
        """End the job's process at once; the engine is closing."""
        self._stop_asked.set()
        self._end_child(0)
        self._rules.kill()

    def run(self) -> None:
        """The whole life of the job; the last state is always told."""
        self._engine.register(self, self.kill)
        try:
            status, reason = self._live()
            # Between here and the last state stand the statuses of Debugger rules, which outlast the training.
            self._finish(status, reason)
            self._rules.finish()
        finally:
            self._engine.forget(self)
            self._on_end(self._record)
            shutil.rmtree(self._tree.base, ignore_errors=True)

    def _live(self) -> tuple[str, str]:
        try:
            self._tree.make()
            self._log.open()
            self._download()
            outcome = self._train()
            self._upload()
        except JobFailure as failure:
            return "Failed", str(failure)
        except (artifacts.MissingData, tarfile.TarError) as error:
            return "Failed", f"ClientError: Data download failed: {error}"
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return "Failed", f"ClientError: no space left on the disk that holds {self._engine.root}"
            raise
        except Exception:
            self._finish("Failed", "InternalServerError: the local engine met an error of its own")
            raise
        finally:
            self._log.close()
        return outcome, ""

    def _tell(self, secondary: str, **fields: Any) -> None:
        """Enter a secondary state and close the one before it."""
        store = self._engine.store
        with store.lock:
            now = store.now()
            transitions: list[dict[str, Any]] = self._record.description["SecondaryStatusTransitions"]
            if transitions:
                transitions[-1]["EndTime"] = now
            transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": MESSAGES[secondary]})
            store.update(self._record, SecondaryStatus=secondary, **fields)

    def _download(self) -> None:
        self._tell("Downloading", TrainingStartTime=self._engine.store.now())
        s3 = self._engine.client("s3", self._record.region)
        for channel in self._request.get("InputDataConfig", []):
            source = channel["DataSource"]["S3DataSource"]
            self._engine.cache.fetch_prefix(s3, source["S3Uri"], self._tree.data / channel["ChannelName"])
        container.write_config(self._tree, self._request)
        submit = container.decode(self._request["HyperParameters"])["sagemaker_submit_directory"]
        archive = artifacts.fetch_file(s3, submit, self._tree.base / "sourcedir.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(self._tree.code, filter="data")

    def _train(self) -> str:
        self._tell("Training")
        command = self._command()
        if (self._tree.code / "requirements.txt").exists():
            self._log.write("requirements.txt is not installed here: the script runs with the engine's packages")
        environment = clean_environment(
            {
                "AWS_ENDPOINT_URL": self._engine.url,
                "HOME": str(self._tree.base / "home"),
                "TMPDIR": str(self._tree.base / "tmp"),
                # Jobs side by side must not each start a thread for every processor.
                "OMP_NUM_THREADS": str(self._cpus),
                **container.environment(self._tree, self._request, region=self._record.region, cpus=self._cpus),
            }
        )
        self._child = ChildProcess(command, env=environment, cwd=self._tree.code, on_line=self._on_line)
        self._rules.start()
        with self._monitor():
            self._child.start()
            if self._stop_asked.is_set():
                self._end_child(0)
            limit = self._request["StoppingCondition"].get("MaxRuntimeInSeconds", 86400)
            code = self._child.wait(limit)
            if code is None:
                self._end_child(STOP_GRACE_SECONDS)
                return "MaxRuntimeExceeded"
        if self._stop_asked.is_set():
            return "Stopped"
        if code != 0:
            raise JobFailure(self._explain(code, command))
        return "Completed"

    def _command(self) -> list[str]:
        hyperparameters = container.decode(self._request["HyperParameters"])
        program = str(hyperparameters["sagemaker_program"])
        if not (self._tree.code / program).is_file():
            raise JobFailure(
                f"AlgorithmError: the entry point {program!r} is not in the source archive, which holds "
                + ", ".join(sorted(path.name for path in self._tree.code.iterdir()))
            )
        return [
            sys.executable,
            program,
            *container.arguments(container.user_hyperparameters(hyperparameters)),
        ]

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
        """FailureReason in the form of AWS's training toolkit, with as many last lines as fit."""
        head = f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "'
        words = ["python", *command[1:]]
        tail = f'"\nCommand "{" ".join(words)}", exit code: {code}'
        room = FAILURE_REASON_LIMIT - len(head) - len(tail)
        return head + "\n".join(self._log.tail)[-room:].strip() + tail if room > 0 else head[:FAILURE_REASON_LIMIT]

    def _upload(self) -> None:
        self._tell("Uploading")
        s3 = self._engine.client("s3", self._record.region)
        base = artifacts.join_uri(self._request["OutputDataConfig"]["S3OutputPath"], self._record.name)
        artifacts.upload_archive(s3, self._tree.model, self._request["ModelArtifacts"]["S3ModelArtifacts"])
        if any((self._tree.output / "data").iterdir()):
            artifacts.upload_archive(s3, self._tree.output / "data", f"{base}/output/output.tar.gz")
        for field, folder, name in (
            ("DebugHookConfig", self._tree.tensors, "debug-output"),
            ("ProfilerConfig", self._tree.profiler, "profiler-output"),
        ):
            target = self._request.get(field, {}).get("S3OutputPath")
            if target and folder.exists():
                artifacts.upload_tree(s3, folder, artifacts.join_uri(target, self._record.name, name))

    def _finish(self, outcome: str, reason: str) -> None:
        store = self._engine.store
        status = "Stopped" if outcome == "MaxRuntimeExceeded" else outcome
        ended = store.now()
        seconds = max(1, round(ended - self._record.description.get("TrainingStartTime", ended)))
        fields: dict[str, Any] = {
            "TrainingJobStatus": status,
            "TrainingEndTime": ended,
            "TrainingTimeInSeconds": seconds,
            "BillableTimeInSeconds": seconds,
            "FinalMetricDataList": self._metrics.final(),
        }
        if reason:
            fields["FailureReason"] = reason[:FAILURE_REASON_LIMIT]
        if not self._engine.closing.is_set():
            self._metrics.publish(self._engine.client("cloudwatch", self._record.region), self._record.name)
        self._tell(outcome, **fields)


def is_script_mode(request: Mapping[str, Any]) -> bool:
    """Whether the request names a script and its archive: what this engine can run."""
    values = request.get("HyperParameters", {})
    return {"sagemaker_program", "sagemaker_submit_directory"} <= set(values)
