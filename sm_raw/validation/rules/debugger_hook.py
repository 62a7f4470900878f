"""E24x: what the Debugger's hook saves, and whether the training image and its distribution allow it."""

from __future__ import annotations

from collections.abc import Iterator

from sm_raw.validation.findings import Finding, Request
from sm_raw.validation.reading import at, is_absent, is_placeholder, names, records, text
from sm_raw.validation.rules.debugger import DEBUG_LIST, RuleConfiguration, configurations, parsed_image
from sm_raw.validation.rules.debugger_collections import KNOWN_COLLECTIONS, HookRule, collections, parameter_maps

CONSIDERATIONS_PAGE = "https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-considerations.html"
IMAGES_OF_AWS = (
    "https://github.com/aws/deep-learning-containers/blob/master/pytorch/training/docker/2.2/py3/Dockerfile.cpu"
)

ALWAYS_SAVED = "losses"

NO_SMDEBUG_FROM = (2, 2)  # PyTorch images of this version and later


class DebuggerRulesNeedHook(HookRule):
    """Debugger rules come with a DebugHookConfig: without one no tensors are saved and each rule ends in Error."""

    id = "W220"
    source = "https://github.com/aws/amazon-sagemaker-examples/issues/2746"

    def check(self, request: Request) -> Iterator[Finding]:
        rules = list(records(at(request, DEBUG_LIST)))
        if rules and is_absent(request, "DebugHookConfig"):
            count = "1 rule waits" if len(rules) == 1 else f"{len(rules)} rules wait"
            yield self.finding(
                "DebugHookConfig", f"missing; {count} for tensors that only a hook saves: add S3OutputPath"
            )


class HookSavesWhatRulesRead(HookRule):
    """The hook saves the collections that the rules look at; of itself it saves the losses only."""

    id = "W240"

    def check(self, request: Request) -> Iterator[Finding]:
        saved = _saved(request)
        if saved is None:
            return
        by_regex = any("include_regex" in given for _, given, _ in parameter_maps(request))
        for configuration in configurations(request, DEBUG_LIST):
            for name in _read_by(configuration):
                # A regex of one collection may well catch the tensors of another.
                if name not in saved and not (by_regex and name in KNOWN_COLLECTIONS):
                    message = f"reads the collection {name!r}, which the hook does not save; add it to DebugHookConfig"
                    yield self.finding(configuration.path, f"{configuration.invoked} {message}")


def _saved(request: Request) -> set[str] | None:
    """The names of the saved collections; None when everything is saved, or when it cannot be known."""
    hook = at(request, "DebugHookConfig")
    parameters = at(hook, "HookParameters")
    unknown = any(map(is_placeholder, (hook, parameters, at(hook, "CollectionConfigurations"))))
    saved = [text(each.get("CollectionName")) for _, each in collections(request)]
    if hook is None or unknown or None in saved or "all" in saved:
        return None
    if not is_absent(hook, "HookParameters", "save_all") and at(parameters, "save_all") not in ("False", "false"):
        return None
    return {ALWAYS_SAVED, *(name for name in saved if name is not None)}


def _read_by(configuration: RuleConfiguration) -> list[str]:
    """The collections that a rule is known to look at: those it is told, or those it brings."""
    given = at(configuration.given, "RuleParameters")
    if "collection_names" in names(given):
        told = configuration.parameters.get("collection_names", "")
        return [name.strip() for name in told.split(",") if name.strip() not in ("", "None")]
    if configuration.debug_rule is None or any(name.endswith("regex") for name in names(given)):
        return []
    return list(configuration.debug_rule.collections)


class UsedHookRule(HookRule):
    """A rule about jobs whose hook has something to do: a bare DebugHookConfig is what AWS's SDK always sends."""

    def check(self, request: Request) -> Iterator[Finding]:
        told = ("DebugHookConfig.CollectionConfigurations", "DebugHookConfig.HookParameters", DEBUG_LIST)
        if any(at(request, *place.split(".")) for place in told) and not is_absent(request, "DebugHookConfig"):
            yield from self.check_used(request)

    def check_used(self, request: Request) -> Iterator[Finding]:
        raise NotImplementedError


class DebuggerFitsDistribution(UsedHookRule):
    """Debugger is used neither with model parallelism, nor with parameter servers, nor distributed with checkpoints."""

    id = "W246"
    source = CONSIDERATIONS_PAGE
    distributed = (
        "sagemaker_distributed_dataparallel_enabled",
        "sagemaker_mpi_enabled",
        "sagemaker_torch_distributed_enabled",
    )

    def check_used(self, request: Request) -> Iterator[Finding]:
        given = at(request, "HyperParameters")
        # AWS's SDK sends true, and "true" in quotes from a tuner.
        on = {name for name in names(given) if (text(given[name]) or "").strip('"').lower() == "true"}
        if "mp_parameters" in names(given):
            yield self.finding("DebugHookConfig", "Debugger does not support model parallel training; remove it")
        elif "sagemaker_parameter_server_enabled" in on:
            yield self.finding("DebugHookConfig", "Debugger does not support parameter servers; remove it")
        elif on.intersection(self.distributed) and not is_absent(request, "CheckpointConfig"):
            message = "Debugger does not support distributed training with checkpoints; remove one of them"
            yield self.finding("DebugHookConfig", message)


class ImageHoldsDebugger(UsedHookRule):
    """AWS's training image holds smdebug; those of PyTorch from 2.2 on do not, so the script has to install it."""

    id = "W247"
    source = IMAGES_OF_AWS

    def check_used(self, request: Request) -> Iterator[Finding]:
        version = framework_version(request, "pytorch-training")
        if version >= NO_SMDEBUG_FROM:
            shown_version = ".".join(map(str, version))
            message = f"the image of PyTorch {shown_version} holds no smdebug; install it, or use 2.1 or older"
            yield self.finding("AlgorithmSpecification.TrainingImage", message)


def framework_version(request: Request, repository: str) -> tuple[int, ...]:
    """The version of AWS's image from this repository; empty for any other image, also for a copy of one's own."""
    image = parsed_image(at(request, "AlgorithmSpecification", "TrainingImage"))
    role = text(at(request, "RoleArn")) or ""
    if image is None or image.repository != repository or f":{image.account}:" in role:
        return ()
    return tuple(map(int, image.version.split("."))) if image.version else ()
