"""E1xx: what holds for every job and resource: tags, places in S3, keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeAlias

from sm_raw.specs.registry_paths import registry_path
from sm_raw.validation.findings import Finding, Request, path_of
from sm_raw.validation.memory import remembered
from sm_raw.validation.reading import at, is_placeholder, records, text
from sm_raw.validation.rules.base import Rule
from sm_raw.validation.wording import shown

JOBS = (
    "CreateTrainingJob",
    "CreateHyperParameterTuningJob",
    "CreateProcessingJob",
    "CreateTransformJob",
    "CreateModel",
    "CreateEndpointConfig",
)
# Where tags are a list of Key and Value.
TAGGED = (
    *(*JOBS, "CreateEndpoint", "CreateInferenceComponent", "CreateMonitoringSchedule", "CreateAlgorithm"),
    *("CreateModelPackage", "CreateModelPackageGroup", "CreateExperiment", "CreateTrial", "CreatePipeline", "AddTags"),
    *("CreateRole", "CreatePolicy", "PutMetricAlarm"),
)
# What is the user's own, and what is long and holds none of the texts that the rules below look at.
PASSED_OVER = {
    *("HyperParameters", "StaticHyperParameters", "Environment", "Tags", "RuleParameters"),
    *("MetricDefinitions", "CollectionConfigurations", "HookParameters", "ProfilingParameters"),
    *("HyperParameterRanges", "ParameterRanges"),
}
IMAGE_FIELDS = {"TrainingImage", "Image"}

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
OLD_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
OLD_BUCKETS_REGION = "us-east-1"
S3_HOST = re.compile(r"(?:[^/]+\.)?s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?")

KEY_ID = r"(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
ALIAS = r"alias/[\w/-]+"
KMS_KEY = re.compile(rf"{KEY_ID}|{ALIAS}|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{{12}}:(?:key/[\w-]+|{ALIAS})", re.IGNORECASE)


class DistinctTagKeys(Rule):
    """Tag keys are given once."""

    id = "E101"
    operations = TAGGED
    source = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"

    def check(self, request: Request) -> Iterator[Finding]:
        first: dict[str, int] = {}
        for index, tag in records(at(request, "Tags")):
            key = text(tag.get("Key"))
            if key is not None and first.setdefault(key, index) != index:
                yield self.finding(f"Tags[{index}].Key", f"{key!r} is already the key of Tags[{first[key]}]; keep one")


class NoReservedTagKeys(Rule):
    """Tag keys do not begin with aws:, which is the services' own."""

    id = "E102"
    operations = TAGGED
    source = "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"

    def check(self, request: Request) -> Iterator[Finding]:
        for index, tag in records(at(request, "Tags")):
            key = text(tag.get("Key"))
            if key is not None and key.lower().startswith("aws:"):
                yield self.finding(f"Tags[{index}].Key", f"{key!r} begins with aws:, which only AWS may set; rename it")


# The way to a value as (way to its parent, last step): cheap to extend, and made a path for findings only.
Way: TypeAlias = "tuple[Way, str | int] | tuple[()]"


@remembered
def texts(request: Request) -> list[tuple[Way, str, str]]:
    """(way, field, text) of every text in a request, but for the maps and lists that hold no places, keys or images.

    An item of a list counts as its field's. Not recursive: a malformed document may be nested deeper than the stack.
    """
    found: list[tuple[Way, str, str]] = []
    waiting: list[tuple[Way, str, object]] = [((), "", request)]
    while waiting:
        way, field, value = waiting.pop()
        if isinstance(value, str):
            found.append((way, field, value))
        elif isinstance(value, Mapping):
            for name, child in value.items():
                if name not in PASSED_OVER and not isinstance(child, int | float):
                    waiting.append(((way, name), name, child))
        elif isinstance(value, list | tuple):
            waiting += [((way, index), field, child) for index, child in enumerate(value)]
    return found


@remembered
def texts_beginning(request: Request, beginning: str) -> list[tuple[Way, str, str]]:
    """Those of the texts that begin so."""
    return [each for each in texts(request) if each[2].startswith(beginning)]


def path_of_way(way: Way) -> str:
    """``InputDataConfig[0].DataSource`` of the steps on the way."""
    steps: list[str | int] = []
    while way:
        way, step = way
        steps.insert(0, step)
    return path_of(steps)


@remembered
def image_region(request: Request) -> str | None:
    """The region of the images in a request; None without one in Amazon ECR."""
    images = (registry_path(value) for _, field, value in texts(request) if field in IMAGE_FIELDS)
    return next((image.region for image in images if image is not None), None)


def bucket_of(uri: str) -> str | None:
    """The bucket of an S3 URI; None for any other text, and for the ARN of an access point."""
    bucket = uri[5:].partition("/")[0] if uri.startswith("s3://") else ""
    return None if not bucket or bucket.startswith("arn:") else bucket


class TextRule(Rule):
    """A rule about texts wherever they stand in a request."""

    operations: ClassVar[tuple[str, ...]] = JOBS
    beginning: ClassVar[str] = "s3://"

    def check(self, request: Request) -> Iterator[Finding]:
        known = texts_beginning(request, self.beginning)
        found = [(way, value) for way, field, value in known if self.concerns(field)]
        region = self.region or (image_region(request) if found else None)
        for way, value in found:
            message = None if is_placeholder(value) else self.fault(value, region)
            if message is not None:
                yield self.finding(path_of_way(way), message)

    def concerns(self, field: str) -> bool:
        """Whether a text of this field is one that the rule looks at."""
        return True

    def fault(self, value: str, region: str | None) -> str | None:
        """What is wrong with the text of a job in the region, as far as that is known; None when nothing is."""
        raise NotImplementedError


class BucketNameIsPossible(TextRule):
    """The bucket of an S3 URI has a name that buckets of the region can have."""

    id = "E110"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"

    def fault(self, value: str, region: str | None) -> str | None:
        bucket = bucket_of(value)
        if bucket is None or BUCKET.fullmatch(bucket):
            return None
        if OLD_BUCKET.fullmatch(bucket) and region in {None, OLD_BUCKETS_REGION}:
            return None
        return f"{bucket!r} is no name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.'{_similar_bucket(bucket)}"


class BucketNameIsOfToday(TextRule):
    """The bucket of an S3 URI has a name of today's form; older ones exist in us-east-1 alone."""

    id = "W111"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"

    def fault(self, value: str, region: str | None) -> str | None:
        bucket = bucket_of(value)
        if bucket is None or BUCKET.fullmatch(bucket) or region not in {None, OLD_BUCKETS_REGION}:
            return None
        if not OLD_BUCKET.fullmatch(bucket):
            return None
        return f"{bucket!r} can only be a bucket of us-east-1 from before March 2018{_similar_bucket(bucket)}"


def _similar_bucket(bucket: str) -> str:
    similar = re.sub(r"[^a-z0-9.-]+", "-", bucket.lower()).strip("-.")
    return f"; did you mean {similar!r}?" if similar != bucket and BUCKET.fullmatch(similar) else ""


class HttpsLeadsToS3(TextRule):
    """An https URI of data leads to Amazon S3 itself, not to a page about it."""

    id = "E112"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html"
    beginning = "https://"

    def concerns(self, field: str) -> bool:
        return "S3" in field

    def fault(self, value: str, region: str | None) -> str | None:
        host, _, rest = value.removeprefix("https://").partition("/")
        if S3_HOST.fullmatch(host) and "?" not in rest:
            return None
        return f"{shown(value)} is no place in S3; write s3://BUCKET/KEY"


class S3UriIsTidy(TextRule):
    """An S3 URI has no empty step (//) and no white space at its end: both become part of the keys."""

    id = "W113"
    source = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"

    def fault(self, value: str, region: str | None) -> str | None:
        tidy = "s3://" + re.sub("/{2,}", "/", value[5:].strip()).lstrip("/")
        return None if tidy == value else f"{shown(value)} leads to keys with empty or blank steps; give {shown(tidy)}"


class KeyRule(TextRule):
    """A rule about KMS keys."""

    beginning = ""

    def concerns(self, field: str) -> bool:
        return field.lower().endswith("kmskeyid")


class KmsKeyHasAForm(KeyRule):
    """A KMS key is a key ID, a key ARN, alias/NAME or an alias ARN."""

    id = "E116"
    source = "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html"

    def fault(self, value: str, region: str | None) -> str | None:
        if value == "" or KMS_KEY.fullmatch(value):
            return None
        hint = f"; did you mean 'alias/{value}'?" if re.fullmatch(r"[\w-]+", value) else ""
        return f"{shown(value)} is neither a key ID, nor alias/NAME, nor the ARN of a key or an alias{hint}"
