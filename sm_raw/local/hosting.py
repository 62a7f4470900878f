"""The operations on models, endpoint configurations and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sm_raw.local import listing
from sm_raw.local.artifacts import exists, split_uri
from sm_raw.local.checks import refuse_rule_errors
from sm_raw.local.deployment import Deployment
from sm_raw.local.engine import Call, Engine, Handler
from sm_raw.local.fleet import Variant, variant_of
from sm_raw.local.protocol import ServiceError, validation_error
from sm_raw.local.store import Record, arn
from sm_raw.local.tags import keep_tags


@dataclass(frozen=True)
class Kind:
    """How the three kinds of hosting resource differ: their ARN's word, their fields, and what AWS calls them."""

    arn_word: str
    noun: str
    name: str
    arn: str
    create: str
    listing: listing.Listing


MODEL = Kind(
    "model",
    "model",
    "ModelName",
    "ModelArn",
    "CreateModel",
    listing.Listing("Models", "ModelName", descending=True),
)
CONFIG = Kind(
    "endpoint-config",
    "endpoint configuration",
    "EndpointConfigName",
    "EndpointConfigArn",
    "CreateEndpointConfig",
    listing.Listing("EndpointConfigs", "EndpointConfigName", descending=True),
)
ENDPOINT = Kind(
    "endpoint",
    "endpoint",
    "EndpointName",
    "EndpointArn",
    "CreateEndpoint",
    listing.Listing("Endpoints", "EndpointName", "EndpointStatus", descending=True),
)
# States of an endpoint in which nothing happens to it.
SETTLED = {"InService", "Failed", "UpdateRollbackFailed"}
# Documented parts of a configuration that this engine does not run.
NOT_RUN_HERE = ("ShadowProductionVariants", "ExplainerConfig")


def create_model(call: Call) -> dict[str, Any]:
    """CreateModel: its artefact must be there."""
    request = call.request
    containers = [request["PrimaryContainer"]] if "PrimaryContainer" in request else request.get("Containers", [])
    if len(containers) != 1:
        raise validation_error("This local engine serves models of one container: give PrimaryContainer.")
    url = containers[0].get("ModelDataUrl")
    if url is None:
        raise validation_error("This local engine serves a model.tar.gz: give PrimaryContainer.ModelDataUrl.")
    if not split_uri(url)[1] or not exists(call.engine.client("s3", call.region), url):
        raise validation_error(f"Could not find model data at {url}.")
    return _arn(MODEL, _keep(call, MODEL))


def create_config(call: Call) -> dict[str, Any]:
    """CreateEndpointConfig: its models must be there."""
    for field in NOT_RUN_HERE:
        if field in call.request:
            raise validation_error(f"This local engine does not run {field}: leave it out.")
    if call.request.get("DataCaptureConfig", {}).get("EnableCapture"):
        raise validation_error("This local engine does not capture data: leave out DataCaptureConfig.")
    output = call.request.get("AsyncInferenceConfig", {}).get("OutputConfig")
    if output is not None and not output.get("S3OutputPath", "").startswith("s3://"):
        raise validation_error("This local engine writes asynchronous answers to S3: give S3OutputPath, an s3:// URI.")
    for variant in call.request["ProductionVariants"]:
        if "ModelName" not in variant:
            raise validation_error(f"Variant {variant['VariantName']!r} names no model: give ModelName.")
        find(call.engine, call.region, MODEL, variant["ModelName"])
    return _arn(CONFIG, _keep(call, CONFIG))


def create_endpoint(call: Call) -> dict[str, Any]:
    """CreateEndpoint: the answer comes at once, the endpoint is InService when its servers are healthy."""
    config = find(call.engine, call.region, CONFIG, call.request["EndpointConfigName"]).description
    variants = variants_of(call.engine, call.region, config)
    record = _keep(
        call,
        ENDPOINT,
        live=lambda record: Deployment(call.engine, record, variants),
        EndpointStatus="Creating",
        AsyncInferenceConfig=config.get("AsyncInferenceConfig"),
        LastDeploymentConfig=call.request.get("DeploymentConfig"),
    )
    call.engine.start(f"endpoint {record.name}", record.live.create)
    return _arn(ENDPOINT, record)


def delete_endpoint(call: Call) -> dict[str, Any]:
    """DeleteEndpoint: the endpoint is Deleting until its processes are gone.

    One that is being created or deleted is refused, as the service does.
    """
    record = find(call.engine, call.region, ENDPOINT, call.request["EndpointName"])
    status = call.engine.store.advance(record, "EndpointStatus", SETTLED, "Deleting")
    if status not in SETTLED:
        raise in_progress(record)
    call.engine.start(f"deleting endpoint {record.name}", record.live.delete)
    return {}


def in_progress(record: Record) -> ServiceError:
    """The refusal to change an endpoint that something happens to."""
    return validation_error(f'Cannot update in-progress endpoint "{record.arn}".')


def find_endpoint(engine: Engine, region: str, name: str) -> Record | None:
    """The endpoint of this name, or None."""
    return engine.store.get(region, ENDPOINT.arn_word, name)


def variants_of(engine: Engine, region: str, config: Mapping[str, Any]) -> list[Variant]:
    """The variants of a configuration, each with the container of its model. Refused if one of them is not there."""
    settings = config["ProductionVariants"]
    models = [find(engine, region, MODEL, item["ModelName"]).description for item in settings]
    return [
        variant_of(item, model.get("PrimaryContainer") or model["Containers"][0])
        for item, model in zip(settings, models, strict=True)
    ]


def _keep(call: Call, kind: Kind, *, live: Callable[[Record], Any] | None = None, **fields: Any) -> Record:
    """Make and keep the record that a create request asks for; ``live`` makes what stands behind it."""
    refuse_rule_errors(kind.create, call.request)
    name = call.request[kind.name]
    now = call.engine.store.now()
    description = {
        **call.request,
        **fields,
        kind.arn: arn(call.region, kind.arn_word, name),
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    tags = description.pop("Tags", [])
    record = Record(call.region, kind.arn_word, name, description[kind.arn], description)
    if live:
        record.live = live(record)
    try:
        call.engine.store.add(record)
    except KeyError:
        raise validation_error(f'Cannot create already existing {kind.noun} "{record.arn}".') from None
    keep_tags(call.engine, record, tags)
    return record


def _arn(kind: Kind, record: Record) -> dict[str, Any]:
    return {kind.arn: record.arn}


def find(engine: Engine, region: str, kind: Kind, name: str) -> Record:
    """The record of this name; refused as the service does if it is not there."""
    record = engine.store.get(region, kind.arn_word, name)
    if record is None:
        raise validation_error(f'Could not find {kind.noun} "{arn(region, kind.arn_word, name)}".')
    return record


def _describer(kind: Kind) -> Handler:
    def describe(call: Call) -> dict[str, Any]:
        return call.engine.store.describe(find(call.engine, call.region, kind, call.request[kind.name]))

    return describe


def _lister(kind: Kind) -> Handler:
    def list_all(call: Call) -> dict[str, Any]:
        store = call.engine.store
        descriptions = [store.describe(record) for record in store.all(call.region, kind.arn_word)]
        return listing.answer(kind.listing, descriptions, call.request)

    return list_all


def _deleter(kind: Kind) -> Callable[[Call], dict[str, Any]]:
    def delete(call: Call) -> dict[str, Any]:
        call.engine.store.remove(find(call.engine, call.region, kind, call.request[kind.name]))
        return {}

    return delete


HANDLERS: dict[str, Handler] = {
    "CreateModel": create_model,
    "DescribeModel": _describer(MODEL),
    "ListModels": _lister(MODEL),
    "DeleteModel": _deleter(MODEL),
    "CreateEndpointConfig": create_config,
    "DescribeEndpointConfig": _describer(CONFIG),
    "ListEndpointConfigs": _lister(CONFIG),
    "DeleteEndpointConfig": _deleter(CONFIG),
    "CreateEndpoint": create_endpoint,
    "DescribeEndpoint": _describer(ENDPOINT),
    "ListEndpoints": _lister(ENDPOINT),
    "DeleteEndpoint": delete_endpoint,
}
