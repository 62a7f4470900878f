"""E280 to W282: AWS's own algorithms, told by their image; image-classification has modules of its own."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, names, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.training import TrainingRule, training_definitions
from sm_raw.validation.wording import shown

ALGORITHMS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/common-info-all-im-models.html"

# Repositories of AWS's own algorithms: they define their metrics themselves.
AWS_ALGORITHMS = {
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "sagemaker-xgboost",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
}
TAKES_SCRIPTS = {"sagemaker-xgboost"}  # the one whose image also runs scripts
SCRIPT_NAMES = ("sagemaker_program", "sagemaker_submit_directory")


def aws_algorithm(training: Request) -> str | None:
    """The repository of AWS's algorithm that trains; None for other images, known or not.

    An image in the account of the job's role is the user's own, whatever its name.
    """
    image = text(at(training, "AlgorithmSpecification", "TrainingImage"))
    path = registry_path(image) if image is not None else None
    if path is None or path.repository not in AWS_ALGORITHMS:
        return None
    role = text(training.get("RoleArn"))
    return None if role is not None and f":{path.account}:" in role else path.repository


def hyperparameter_field(operation: str) -> str:
    """The field of a description of training that holds its hyperparameters."""
    return "HyperParameters" if operation == "CreateTrainingJob" else "StaticHyperParameters"


class AlgorithmRule(Rule):
    """A rule about the hyperparameters that a job gives to one of AWS's algorithms."""

    operations = TrainingRule.operations

    def check(self, request: Request) -> Iterator[Finding]:
        for where, training in training_definitions(self.operation, request):
            algorithm = aws_algorithm(training)
            if algorithm is not None:
                field = hyperparameter_field(self.operation)
                path = f"{where}.{field}" if where else field
                yield from self.check_given(algorithm, path, training.get(field))

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        raise NotImplementedError


class AlgorithmsDefineTheirMetrics(TrainingRule):
    """AWS's own algorithms define their metrics: a request that does so, too, is refused."""

    id = "E280"
    source = "https://github.com/awslabs/mlspace/pull/68"

    def check_training(self, training: Request) -> Iterator[Finding]:
        if at(training, "AlgorithmSpecification", "MetricDefinitions") and (algorithm := aws_algorithm(training)):
            message = f"{algorithm} defines its metrics itself, and the service takes no others; remove this"
            yield self.finding("AlgorithmSpecification.MetricDefinitions", message)


class AlgorithmsRunNoScripts(AlgorithmRule):
    """Of AWS's own algorithms, only sagemaker-xgboost runs a script."""

    id = "E281"
    source = ALGORITHMS_PAGE

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        if algorithm not in TAKES_SCRIPTS:
            for name in SCRIPT_NAMES:
                if name in names(given):
                    message = f"{algorithm} runs no script; remove it, or give the image of a framework"
                    yield self.finding(f"{path}.{name}", message)


class AlgorithmValuesArePlain(AlgorithmRule):
    """AWS's own algorithms get values as they are: quotes, as scripts in framework images take them, stay on."""

    id = "W282"
    source = "https://github.com/aws/sagemaker-python-sdk/issues/5317"

    def check_given(self, algorithm: str, path: str, given: object) -> Iterator[Finding]:
        if algorithm in TAKES_SCRIPTS and "sagemaker_program" in names(given):
            return
        for name in names(given):
            value = text(at(given, name))
            if value is not None and len(value) > 1 and value[0] == value[-1] == '"':
                message = f"{shown(value)} reaches {algorithm} with its quotes; give {value[1:-1]} without them"
                yield self.finding(join_path(path, name), message)
