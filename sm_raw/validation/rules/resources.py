"""E1xx, E2xx: the instances of training, their storage and their network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sm_raw.specs.instance_types import family
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.operations import operation_name
from sm_raw.validation.reading import at, is_absent, number, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.rules.script_mode import image_of_aws
from sm_raw.validation.rules.training import SPOT_PAGE, TrainingRule, training_definitions
from sm_raw.validation.wording import listed, shown

RESOURCES_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html"
WARM_POOLS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html"
STORAGE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage-tips-considerations.html"
RESOURCE_FIELDS = ("ResourceConfig", "HyperParameterTuningResourceConfig")

# The ways to say which instances; InstanceConfigs is for tuning jobs alone.
KINDS_OF_INSTANCES = ("InstanceType", "InstanceGroups", "InstancePreferences", "InstanceConfigs")
READ_ONLY = ("SelectedInstanceType", "SelectedInstanceCount")

# Families with NVMe volumes, which the hardware encrypts: https://docs.aws.amazon.com/ec2 (instance store volumes).
# g4dn is one of them and stays out: AWS's own client is known to send a key for it.
LOCAL_STORAGE_FAMILIES = {
    *("c5d", "c6id", "m5d", "m6id", "r5d", "r6id", "m7gd", "c7gd", "r7gd"),
    *("g5", "g6", "g6e", "gr6", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en", "trn1", "trn1n", "trn2"),
}
EBS_ONLY_FAMILIES = {"c4", "c5", "c5n", "c6i", "m4", "m5", "m6i", "m7i", "p2", "p3", "r5", "r6i", "t3"}
LOCAL_STORAGE_GB = {
    **dict.fromkeys(("ml.g4dn.2xlarge", "ml.g4dn.4xlarge"), 225),
    **dict.fromkeys(("ml.g4dn.8xlarge", "ml.g4dn.12xlarge", "ml.g4dn.16xlarge", "ml.g5.8xlarge"), 900),
    **dict.fromkeys(("ml.g5.12xlarge", "ml.g5.24xlarge"), 3800),
    **dict.fromkeys(("ml.p4d.24xlarge", "ml.p4de.24xlarge"), 8000),
    "ml.g4dn.xlarge": 125,
    "ml.g5.xlarge": 250,
    "ml.g5.2xlarge": 450,
    "ml.g5.4xlarge": 600,
    "ml.g5.16xlarge": 1900,
    "ml.g5.48xlarge": 7600,
    "ml.p3dn.24xlarge": 1800,
}

# AWS's algorithms that save no checkpoints; a repository xgboost (without sagemaker-) holds versions before 0.90.
WITHOUT_CHECKPOINTS = {
    *("blazingtext", "factorization-machines", "forecasting-deepar", "ipinsights", "kmeans", "knn", "lda"),
    *("linear-learner", "ntm", "object2vec", "pca", "randomcutforest", "seq2seq", "xgboost"),
}
LONGEST_WAIT_WITHOUT_CHECKPOINTS = 3600


class ResourceRule(TrainingRule):
    """A rule about the instances of training."""

    source = RESOURCES_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        for field in RESOURCE_FIELDS:
            for _, config in records([training.get(field)]):
                yield from self.check_resources(field, config, training)

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        raise NotImplementedError


def instance_types(config: Request) -> list[str]:
    """The instance types that a resource configuration names and that are known."""
    holders = [config, *(group for _, group in records(config.get("InstanceGroups")))]
    return [known for holder in holders if (known := text(holder.get("InstanceType"))) is not None]


class OneKindOfInstances(ResourceRule):
    """The instances are given in one way: InstanceType and InstanceCount, InstanceGroups or InstancePreferences."""

    id = "E215"

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        given = [kind for kind in KINDS_OF_INSTANCES if config.get(kind)]
        if not given:
            yield self.finding(f"{path}.InstanceType", "missing; give an InstanceType and an InstanceCount")
        elif "InstanceConfigs" not in given and len(given) > 1:
            yield self.finding(f"{path}.{given[1]}", f"given beside {given[0]}; keep one of the two")
        elif given == ["InstanceType"] and is_absent(config, "InstanceCount"):
            yield self.finding(f"{path}.InstanceCount", "missing; give how many instances to start, such as 1")
        elif given == ["InstanceGroups"] and not is_absent(config, "InstanceCount"):
            message = "given beside InstanceGroups, which have counts of their own; remove it"
            yield self.finding(f"{path}.InstanceCount", message)


class PreferencesAreOnDemand(ResourceRule):
    """InstancePreferences go neither with spot training nor with InstancePlacementConfig."""

    id = "E216"

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        if not config.get("InstancePreferences"):
            return
        if training.get("EnableManagedSpotTraining") is True:
            message = "given with spot training, for which it is not; give one InstanceType"
            yield self.finding(f"{path}.InstancePreferences", message)
        if config.get("InstancePlacementConfig"):
            message = "given beside InstancePreferences; keep one of the two"
            yield self.finding(f"{path}.InstancePlacementConfig", message)


class NothingReadOnly(ResourceRule):
    """What DescribeTrainingJob reports of the chosen instances is not part of a request."""

    id = "E217"

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        for field in READ_ONLY:
            if not is_absent(config, field):
                yield self.finding(f"{path}.{field}", "is told by the service only; remove it")


class WarmPoolIsPossible(ResourceRule):
    """A warm pool (KeepAlivePeriodInSeconds) is kept neither of spot instances nor of a heterogeneous cluster."""

    id = "E218"
    source = WARM_POOLS_PAGE

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        seconds = number(config.get("KeepAlivePeriodInSeconds"))
        if not seconds or seconds < 0:
            return
        obstacles = []
        if training.get("EnableManagedSpotTraining") is True:
            obstacles.append("spot instances")
        if config.get("InstanceGroups"):
            obstacles.append("instance groups")
        if obstacles:
            message = f"{seconds} is given, but {listed(obstacles, 'and')} cannot be kept in a warm pool; remove it"
            yield self.finding(f"{path}.KeepAlivePeriodInSeconds", message)


class VolumeKeyNeedsAVolume(ResourceRule):
    """VolumeKmsKeyId is for instances with EBS volumes: local NVMe storage is encrypted by its hardware."""

    id = "E219"

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        local = [each for each in instance_types(config) if family(each) in LOCAL_STORAGE_FAMILIES]
        if local and text(config.get("VolumeKmsKeyId")):
            message = f"{local[0]} has local storage, which takes no key (its hardware encrypts it); remove it"
            yield self.finding(f"{path}.VolumeKmsKeyId", message)


class VolumeFitsLocalStorage(ResourceRule):
    """VolumeSizeInGB is not above the local storage of instances that have one: they get no EBS volume."""

    id = "W141"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTuningResourceConfig.html"

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        size = number(config.get("VolumeSizeInGB"))
        for instance_type in instance_types(config) if size is not None else []:
            local = LOCAL_STORAGE_GB.get(instance_type)
            if local is not None and size is not None and size > local:
                message = f"{size} is more than the {local} GB of local storage that {instance_type} has instead"
                yield self.finding(f"{path}.VolumeSizeInGB", f"{message}; give {local} or less")


class EbsInstancesHaveAVolume(ResourceRule):
    """VolumeSizeInGB is given for instances that have EBS storage only."""

    id = "W142"
    source = STORAGE_PAGE

    def check_resources(self, path: str, config: Request, training: Request) -> Iterator[Finding]:
        bare = [each for each in instance_types(config) if family(each) in EBS_ONLY_FAMILIES]
        if bare and (is_absent(config, "VolumeSizeInGB") or number(config["VolumeSizeInGB"]) == 0):
            message = f"missing; {bare[0]} has no storage of its own: give the GB that data and model need, such as 30"
            yield self.finding(f"{path}.VolumeSizeInGB", message)


class SpotWaitWithoutCheckpoints(TrainingRule):
    """AWS's algorithms that save no checkpoints get at most one hour of MaxWaitTimeInSeconds on spot capacity."""

    id = "E207"
    source = SPOT_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        wait, image = number(at(training, "StoppingCondition", "MaxWaitTimeInSeconds")), image_of_aws(training)
        if training.get("EnableManagedSpotTraining") is not True or wait is None or image is None:
            return
        if image.repository in WITHOUT_CHECKPOINTS and wait > LONGEST_WAIT_WITHOUT_CHECKPOINTS:
            limit = LONGEST_WAIT_WITHOUT_CHECKPOINTS
            message = f"{wait} is more than {limit}, the most for {image.repository}, which saves no checkpoints"
            yield self.finding("StoppingCondition.MaxWaitTimeInSeconds", f"{message}; give {limit} or less")


class VpcRule(Rule):
    """A rule about the subnets and security groups of jobs and models."""

    operations = ("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateProcessingJob", "CreateModel")
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_VpcConfig.html"
    prefixes = (("Subnets", "subnet-"), ("SecurityGroupIds", "sg-"))

    def check(self, request: Request) -> Iterator[Finding]:
        for where, config in vpc_configs(operation_name(self.operation), request):
            for field, prefix in self.prefixes:
                ids = at(config, field)
                for index, each in enumerate(ids if isinstance(ids, list | tuple) else ()):
                    message = self.fault(ids[:index], each, prefix) if text(each) is not None else None
                    if message is not None:
                        yield self.finding(f"{where}.{field}[{index}]", message)

    def fault(self, earlier: Sequence[object], given: str, prefix: str) -> str | None:
        """What is wrong with one id, after the earlier ones of its list; None when nothing is."""
        raise NotImplementedError


def vpc_configs(operation: str, request: Request) -> Iterator[tuple[str, object]]:
    """(path, VpcConfig) wherever a request holds one."""
    if operation == "CreateProcessingJob":
        yield "NetworkConfig.VpcConfig", at(request, "NetworkConfig", "VpcConfig")
    elif operation == "CreateModel":
        yield "VpcConfig", at(request, "VpcConfig")
    else:
        for where, definition in training_definitions(operation, request):
            yield f"{where}.VpcConfig" if where else "VpcConfig", at(definition, "VpcConfig")


class VpcIdsAreOfTheirKind(VpcRule):
    """Subnets have ids that begin with subnet-, security groups with sg-."""

    id = "E105"

    def fault(self, earlier: Sequence[object], given: str, prefix: str) -> str | None:
        return None if given.startswith(prefix) else f"{shown(given)} is no id that begins with {prefix!r}; give one"


class VpcIdsAreDistinct(VpcRule):
    """Subnets and security groups are given once."""

    id = "W106"

    def fault(self, earlier: Sequence[object], given: str, prefix: str) -> str | None:
        return f"{given!r} is given before; keep one" if given in earlier else None
