"""E1xx, E2xx: the input channels of training, and where its output goes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, records, text
from sm_raw.validation.rules.training import TrainingRule
from sm_raw.validation.wording import did_you_mean, listed, shown

CHANNEL_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Channel.html"
S3_SOURCE_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html"
MANIFEST_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/augmented-manifest.html"
ACCESS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html"
SOURCES = ("S3DataSource", "FileSystemDataSource", "DatasetSource")
MANIFESTS = ("ManifestFile", "AugmentedManifestFile")
# Their images are told the files to read by a list, so files of a neighbouring prefix do no harm.
READ_BY_LIST = {"image-classification", "object-detection", "semantic-segmentation"}
# Filled or emptied by SageMaker itself; anything of a name of its own may lie beside them.
TAKEN_FOLDERS = {"/", "/opt", "/opt/ml", "/opt/ml/input", "/opt/ml/model", "/opt/ml/output", "/tmp"}


def input_mode(training: Request, channel: Request) -> str | None:
    """The mode in which a channel is read: its own, else the job's; None when it is not known."""
    if is_absent(channel, "InputMode"):
        return text(at(training, "AlgorithmSpecification", "TrainingInputMode"))
    return text(channel["InputMode"])


def s3_source(channel: Request) -> tuple[str | None, str | None]:
    """(S3DataType, S3Uri) of a channel, each None when it is not known."""
    source = at(channel, "DataSource", "S3DataSource")
    return text(at(source, "S3DataType")), text(at(source, "S3Uri"))


class ChannelRule(TrainingRule):
    """A rule about one input channel."""

    source = S3_SOURCE_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        for index, channel in records(training.get("InputDataConfig")):
            yield from self.check_channel(f"InputDataConfig[{index}]", channel, training)

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        raise NotImplementedError


class AugmentedManifestHasAttributes(ChannelRule):
    """An augmented manifest needs AttributeNames: which parts of each line the container gets."""

    id = "E230"
    source = MANIFEST_PAGE

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        attributes = at(channel, "DataSource", "S3DataSource", "AttributeNames")
        absent = is_absent(channel, "DataSource", "S3DataSource", "AttributeNames") or attributes == []
        if s3_source(channel)[0] == "AugmentedManifestFile" and absent:
            message = "missing; an augmented manifest needs the names to read of each line, such as 'source-ref'"
            yield self.finding(f"{path}.DataSource.S3DataSource.AttributeNames", message)


class AttributesAreOfAnAugmentedManifest(ChannelRule):
    """AttributeNames are for an S3DataType of AugmentedManifestFile alone."""

    id = "W231"
    source = MANIFEST_PAGE

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        kind, attributes = s3_source(channel)[0], at(channel, "DataSource", "S3DataSource", "AttributeNames")
        if kind in {"S3Prefix", "ManifestFile"} and isinstance(attributes, list | tuple) and attributes:
            message = f"given with S3DataType {kind!r}, which has no attributes; give 'AugmentedManifestFile'"
            yield self.finding(f"{path}.DataSource.S3DataSource.AttributeNames", message)


class AugmentedManifestIsPiped(ChannelRule):
    """An augmented manifest is read in Pipe mode."""

    id = "E232"

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        mode = input_mode(training, channel)
        if s3_source(channel)[0] == "AugmentedManifestFile" and mode in {"File", "FastFile"}:
            message = f"{mode!r} is the mode for an AugmentedManifestFile, which takes Pipe alone; give 'Pipe'"
            yield self.finding(f"{path}.InputMode", message)


class UnpackingNeedsPipe(ChannelRule):
    """Decompression (CompressionType) and wrapping (RecordWrapperType) are done in Pipe mode alone."""

    id = "W233"
    source = CHANNEL_PAGE

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        mode = input_mode(training, channel)
        for field in ("CompressionType", "RecordWrapperType"):
            value = text(channel.get(field))
            if value in {"Gzip", "RecordIO"} and mode in {"File", "FastFile"}:
                message = f"{value!r} has no effect in {mode} mode; remove it, or set InputMode to 'Pipe'"
                yield self.finding(f"{path}.{field}", message)


class FileSystemNeedsVpc(ChannelRule):
    """A job with a channel on EFS or FSx has the VpcConfig of that file system."""

    id = "E234"
    source = ACCESS_PAGE

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        if at(channel, "DataSource", "FileSystemDataSource") and is_absent(training, "VpcConfig"):
            message = "needs the job's VpcConfig; give Subnets and SecurityGroupIds that reach the file system"
            yield self.finding(f"{path}.DataSource.FileSystemDataSource", message)


class FileSystemIsReadAsFiles(ChannelRule):
    """A channel on EFS or FSx is read in File mode."""

    id = "W235"
    source = ACCESS_PAGE

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        mode = input_mode(training, channel)
        if at(channel, "DataSource", "FileSystemDataSource") and mode in {"Pipe", "FastFile"}:
            yield self.finding(f"{path}.InputMode", f"{mode!r} is a mode for data in S3; give 'File' to a file system")


class FileSystemPathIsFull(ChannelRule):
    """The DirectoryPath of a file system is a full path; on FSx it begins with the mount name."""

    id = "E236"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_FileSystemDataSource.html"

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        source = at(channel, "DataSource", "FileSystemDataSource")
        directory = text(at(source, "DirectoryPath"))
        if directory is None:
            return
        where = f"{path}.DataSource.FileSystemDataSource.DirectoryPath"
        if not directory.startswith("/"):
            yield self.finding(where, f"{shown(directory)} is no full path; write {shown('/' + directory)}")
        elif directory == "/" and at(source, "FileSystemType") == "FSxLustre":
            yield self.finding(where, "'/' lacks the mount name of the file system; write /MOUNTNAME or a folder in it")


class OneDataSource(ChannelRule):
    """A channel has one data source."""

    id = "E237"
    source = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DataSource.html"

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        source = channel.get("DataSource")
        given = [name for name in SOURCES if at(source, name)]
        if len(given) > 1:
            yield self.finding(f"{path}.DataSource.{given[1]}", f"given beside {given[0]}; keep one of the two")
        elif source == {}:
            yield self.finding(f"{path}.DataSource", f"is empty; give {listed(SOURCES[:2])}")


class ChannelGroupsExist(ChannelRule):
    """The InstanceGroupNames of a channel are groups of the job's ResourceConfig."""

    id = "E238"

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        groups = at(training, "ResourceConfig", "InstanceGroups")
        known = [text(group.get("InstanceGroupName")) for _, group in records(groups)]
        wanted = at(channel, "DataSource", "S3DataSource", "InstanceGroupNames")
        if None in known or is_placeholder(groups) or is_absent(training, "ResourceConfig"):
            return
        for index, each in enumerate(wanted if isinstance(wanted, list | tuple) else ()):
            name = text(each)
            if name is not None and name not in known:
                hint = did_you_mean(name, [group for group in known if group]) or "add it to ResourceConfig"
                where = f"{path}.DataSource.S3DataSource.InstanceGroupNames[{index}]"
                yield self.finding(where, f"{name!r} is no instance group of the job; {hint}")


class ManifestIsAnObject(ChannelRule):
    """The S3Uri of a manifest is one object, not a folder."""

    id = "E239"

    def check_channel(self, path: str, channel: Request, training: Request) -> Iterator[Finding]:
        kind, uri = s3_source(channel)
        if kind in MANIFESTS and uri is not None and uri.startswith("s3://"):
            key = uri[5:].partition("/")[2]
            if not key or key.endswith("/"):
                message = f"{shown(uri)} is a folder, a {kind} one object; give its whole URI"
                yield self.finding(f"{path}.DataSource.S3DataSource.S3Uri", message)


class PrefixTakesInNoNeighbour(TrainingRule):
    """An S3 prefix does not take in another channel's by being the beginning of its name (train, train2)."""

    id = "W143"
    source = S3_SOURCE_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        image = registry_path(text(at(training, "AlgorithmSpecification", "TrainingImage")) or "")
        if image is not None and image.repository in READ_BY_LIST:
            return
        for (index, uri), (other, longer) in permutations(_prefixes(training), 2):
            if not uri.endswith("/") and longer.startswith(uri) and longer[len(uri) :][:1] not in {"", "/"}:
                where = f"InputDataConfig[{index}].DataSource.S3DataSource.S3Uri"
                message = f"{shown(uri)} takes in {shown(longer)} of InputDataConfig[{other}]; end it with a slash"
                yield self.finding(where, message)


def _prefixes(training: Request) -> list[tuple[int, str]]:
    """(index, URI) of the channels that are S3 prefixes."""
    sources = [(index, s3_source(channel)) for index, channel in records(training.get("InputDataConfig"))]
    return [(index, uri) for index, (kind, uri) in sources if kind == "S3Prefix" and uri is not None]


class OutputIsNoInput(TrainingRule):
    """S3OutputPath lies in no input prefix: the next job would read this one's output as data."""

    id = "W145"
    source = S3_SOURCE_PAGE

    def check_training(self, training: Request) -> Iterator[Finding]:
        output = text(at(training, "OutputDataConfig", "S3OutputPath"))
        for index, uri in _prefixes(training) if output is not None else []:
            if f"{output}/".startswith(uri):
                message = f"{shown(output)} lies in the data of InputDataConfig[{index}]; write beside it"
                yield self.finding("OutputDataConfig.S3OutputPath", message)
                return


class CheckpointPathIsFree(TrainingRule):
    """Checkpoints have a folder of their own in the container, such as /opt/ml/checkpoints."""

    id = "W146"
    source = "https://docs.aws.amazon.com/sagemaker/latest/dg/model-train-storage.html"

    def check_training(self, training: Request) -> Iterator[Finding]:
        path = text(at(training, "CheckpointConfig", "LocalPath"))
        if not path:
            return
        if path.startswith("/opt/ml/input/") or (path.rstrip("/") or "/") in TAKEN_FOLDERS or path[0] != "/":
            message = f"{shown(path)} is no folder for checkpoints alone; give '/opt/ml/checkpoints'"
            yield self.finding("CheckpointConfig.LocalPath", message)
