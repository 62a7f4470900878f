"""E295 to E297: the hyperparameters of AWS's built-in XGBoost, judged by the table in ``specs``."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.registry_paths import registry_path
from sm_raw.specs.xgboost import MULTICLASS_OBJECTIVES, XGBOOST_HYPERPARAMETERS, XGBOOST_LIBRARY_NAMES
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, names, text
from sm_raw.validation.rules.algorithms import SCRIPT_NAMES, Job, algorithm_jobs, range_faults, value_fault
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import did_you_mean, shown

JUDGING_VERSIONS = ("0.", "1.")  # whose containers are known to judge names and values as the table does
NOT_JUDGED = ("_", "sagemaker_")  # what the service and its tools add


class XgboostRule(Rule):
    """A rule about training with XGBoost as an algorithm, not as the framework of a script."""

    operations = TrainingRule.operations
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for job in algorithm_jobs(self.operation, request, ("sagemaker-xgboost", "xgboost"), XGBOOST_HYPERPARAMETERS):
            if not job.may_have(SCRIPT_NAMES[0]):
                yield from self.check_job(job)

    def check_job(self, job: Job) -> Iterator[Finding]:
        raise NotImplementedError


class JudgedXgboostRule(XgboostRule):
    """A rule about what the containers of known versions judge."""

    def check_job(self, job: Job) -> Iterator[Finding]:
        path = registry_path(str(at(job.training, "AlgorithmSpecification", "TrainingImage")))
        if path is not None and path.version.startswith(JUDGING_VERSIONS):
            yield from self.check_judged(job)

    def check_judged(self, job: Job) -> Iterator[Finding]:
        raise NotImplementedError


class XgboostHyperparametersAreKnown(JudgedXgboostRule):
    """XGBoost takes the hyperparameters of its own and no others."""

    id = "E295"
    source = "https://github.com/aws/sagemaker-xgboost-container/issues/113"

    def check_judged(self, job: Job) -> Iterator[Finding]:
        static = ((job.static_path(name), name) for name in names(job.given))
        tuned = ((f"{path}.Name", text(each.get("Name"))) for path, _, each in job.ranges())
        for path, name in (*static, *tuned):
            if name is None or name.startswith(NOT_JUDGED):
                continue
            if name not in XGBOOST_HYPERPARAMETERS and name not in XGBOOST_LIBRARY_NAMES:
                hint = did_you_mean(name, [*XGBOOST_HYPERPARAMETERS]) or "remove it"
                yield self.finding(path, f"{name!r} is unknown to XGBoost, which refuses it; {hint}")


class XgboostHyperparametersAreComplete(XgboostRule):
    """XGBoost gets num_round, and num_class where its objective is of several classes."""

    id = "E296"

    def check_job(self, job: Job) -> Iterator[Finding]:
        objective = job.value("objective")
        if not job.may_have("num_round"):
            yield self.finding(job.static_path("num_round"), "missing; XGBoost needs it: give one such as 100")
        if objective in MULTICLASS_OBJECTIVES and not job.may_have("num_class"):
            message = f"missing; the objective {shown(objective)} needs it: give the number of classes"
            yield self.finding(job.static_path("num_class"), message)


class XgboostValuesAreAccepted(JudgedXgboostRule):
    """XGBoost takes each value, static or tuned: its type, its range, its choices."""

    id = "E297"

    def check_judged(self, job: Job) -> Iterator[Finding]:
        for name in names(job.given):
            value, about = text(at(job.given, name)), XGBOOST_HYPERPARAMETERS.get(name)
            message = value_fault(about, value) if about is not None and value is not None else None
            if message is not None:
                yield self.finding(job.static_path(name), message)
        for path, kind, each in job.ranges():
            about = XGBOOST_HYPERPARAMETERS.get(str(each.get("Name")))
            for step, message in range_faults("XGBoost", about, kind, each):
                yield self.finding(f"{path}.{step}", message)
