"""E2xx: what the container is told: the script of a framework image, environment variables, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sm_raw.specs.registry_paths import RegistryPath, registry_path
from sm_raw.validation.findings import Finding, Request, join_path
from sm_raw.validation.reading import at, is_absent, is_placeholder, names, records, text
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import did_you_mean, shown

TOOLKIT_PAGE = "https://github.com/aws/sagemaker-training-toolkit"
INPUT_FOLDER = "/opt/ml/input/data/"
PROGRAM, DIRECTORY = "sagemaker_program", "sagemaker_submit_directory"

# Repositories of AWS whose images run a script that the hyperparameters name.
FRAMEWORK_IMAGE = re.compile(r"(?:pytorch|tensorflow|mxnet|huggingface-pytorch|huggingface-tensorflow)-training")
ACCESS_KEY_ID = re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")
SECRET_NAMES = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
# The toolkit sets these for every script, whatever they were before.
TOOLKIT_VARIABLE = re.compile(
    r"SM_(?:CHANNEL_\w+|HP_\w+|MODEL_DIR|OUTPUT_DIR|OUTPUT_DATA_DIR|INPUT_DIR|HOSTS|CURRENT_HOST|NUM_GPUS|NUM_CPUS"
    r"|CHANNELS|HPS|USER_ARGS|USER_ENTRY_POINT|MODULE_NAME|MODULE_DIR|TRAINING_ENV|LOG_LEVEL|NETWORK_INTERFACE_NAME)"
)


def hyperparameters_field(training: Request) -> str:
    """The field of the hyperparameters: ``StaticHyperParameters`` in a definition of a tuning job."""
    return "StaticHyperParameters" if "StaticHyperParameters" in training else "HyperParameters"


def setting(training: Request, name: str) -> str | None:
    """A hyperparameter for the toolkit, without the quotes in which AWS's SDK sends it; None when it is not known."""
    value = text(at(training, hyperparameters_field(training), name))
    return value[1:-1] if value is not None and len(value) > 1 and value[0] == value[-1] == '"' else value


def image_of_aws(training: Request) -> RegistryPath | None:
    """The training image, if it certainly is none of the role's own account, where any name may stand for anything."""
    image = registry_path(text(at(training, "AlgorithmSpecification", "TrainingImage")) or "")
    role = re.match(r"arn:[^:]*:iam::(\d{12}):", text(at(training, "RoleArn")) or "")
    return None if image is None or role is None or role[1] == image.account else image


def channel_names(training: Request) -> list[str] | None:
    """The names of the channels; None when not all of them are known."""
    channels = at(training, "InputDataConfig")
    if is_placeholder(channels):
        return None
    found = [text(channel.get("ChannelName")) for _, channel in records(channels)]
    known = [name for name in found if name is not None]
    return known if len(known) == len(found) else None


class ScriptModeIsWhole(TrainingRule):
    """A framework image is told both its script (sagemaker_program) and the archive (sagemaker_submit_directory)."""

    id = "E202"
    source = TOOLKIT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = image_of_aws(training)
        if image is None or not FRAMEWORK_IMAGE.fullmatch(image.repository):
            return
        field = hyperparameters_field(training)
        for name, other in ((PROGRAM, DIRECTORY), (DIRECTORY, PROGRAM)):
            absent = is_absent(training, field, name) and is_absent(training, "Environment", name.upper())
            if absent and setting(training, other) is not None:
                message = f"missing beside {other}; without both {image.repository} has no script to run"
                yield self.finding(join_path(field, name), message)


class SubmitDirectoryIsArchive(TrainingRule):
    """The code in S3 is one archive, sourcedir.tar.gz: neither a folder nor another format is unpacked."""

    id = "W203"
    source = TOOLKIT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        uri = setting(training, DIRECTORY)
        if uri is not None and uri.startswith("s3://") and not uri.endswith((".tar.gz", ".tgz")):
            message = f"{shown(uri)} does not end in .tar.gz; give the S3 URI of the code's gzipped tar archive"
            yield self.finding(join_path(hyperparameters_field(training), DIRECTORY), message)


class SubmitDirectoryIsInAChannel(TrainingRule):
    """Code that comes as input lies in the folder of a channel that the job has."""

    id = "E204"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        path, known = setting(training, DIRECTORY), channel_names(training)
        if path is None or known is None or not path.startswith(INPUT_FOLDER):
            return
        name = path.removeprefix(INPUT_FOLDER).partition("/")[0]
        if name not in known:
            hint = did_you_mean(name, known) or "add it"
            message = f"{shown(path)} is in no channel's folder: there is no channel {name!r}; {hint}"
            yield self.finding(join_path(hyperparameters_field(training), DIRECTORY), message)


class IsolatedCodeIsInAChannel(TrainingRule):
    """With network isolation the code comes as a channel: the container cannot download it from S3."""

    id = "E205"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        uri = setting(training, DIRECTORY)
        if training.get("EnableNetworkIsolation") is not True or uri is None or not uri.startswith("s3://"):
            return
        message = (
            f"an isolated container cannot download {shown(uri)};"
            f" add a channel 'code' with it and give '{INPUT_FOLDER}code/sourcedir.tar.gz'"
        )
        yield self.finding(join_path(hyperparameters_field(training), DIRECTORY), message)


class ToolkitVariablesAreLeftAlone(TrainingRule):
    """Environment sets no variable (SM_MODEL_DIR, SM_CHANNEL_...) that the framework images set themselves."""

    id = "W209"
    source = "https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md"

    def check_training(self, training: Request) -> Iterator[Finding]:
        for name in names(training.get("Environment")):
            if TOOLKIT_VARIABLE.fullmatch(name):
                message = f"AWS's images set {name} themselves, so the script sees their value; choose another name"
                yield self.finding(join_path("Environment", name), message)


class NoSecrets(TrainingRule):
    """Hyperparameters and environment hold no AWS credentials: requests are kept and shown as plain text."""

    id = "W104"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        for field in ("HyperParameters", "StaticHyperParameters", "Environment"):
            for name in names(training.get(field)):
                value = text(at(training, field, name))
                if value and (name.upper() in SECRET_NAMES or ACCESS_KEY_ID.search(value)):
                    message = "looks like AWS credentials, which every reader of the job sees; let the role give access"
                    yield self.finding(join_path(field, name), message)


class RegionSettingFits(TrainingRule):
    """The region that the container is told (sagemaker_region) is the job's."""

    id = "W118"
    source = TOOLKIT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = registry_path(text(at(training, "AlgorithmSpecification", "TrainingImage")) or "")
        region = self.region or (image.region if image is not None else None)
        told = {
            join_path(hyperparameters_field(training), "sagemaker_region"): setting(training, "sagemaker_region"),
            "Environment.SAGEMAKER_REGION": text(at(training, "Environment", "SAGEMAKER_REGION")),
        }
        for path, value in told.items():
            if value and region is not None and value != region:
                yield self.finding(path, f"{value!r} is not the region of the job ({region}); give {region!r}")
