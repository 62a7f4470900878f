"""AWS's built-in image-classification: its hyperparameters as a table, its channels, its metric, its tunable ranges.

Hyperparameters as in https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html, tunable ranges as in
https://docs.aws.amazon.com/sagemaker/latest/dg/IC-tuning.html, channels as in
https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html. The table is what builders and checks read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from sm_raw.specs.channels import channel
from sm_raw.specs.tuning import categorical_range, continuous_range, integer_range

if TYPE_CHECKING:
    from types_boto3_sagemaker.literals import TrainingInputModeType
    from types_boto3_sagemaker.type_defs import ChannelTypeDef, ParameterRangesTypeDef

IMAGE_CLASSIFICATION_OBJECTIVE = "validation:accuracy"  # the only one that tuning can follow; larger is better

IMAGE_CONTENT_TYPE = "application/x-image"
RECORD_CONTENT_TYPE = "application/x-recordio"
MODEL_CONTENT_TYPE = "application/x-sagemaker-model"

DEEP_LAYERS = ("18", "34", "50", "101", "152", "200")  # for images of about 224 x 224, and for transfer learning
SHALLOW_LAYERS = ("20", "32", "44", "56", "110")  # for images of about 28 x 28

Kind = Literal["integer", "number", "choice", "flag", "integers", "text"]


class Hyperparameter(NamedTuple):
    """What one hyperparameter may be.

    A ``flag`` is a choice between the two texts that stand for no and yes; ``integers`` are a list, divided by
    commas, of ``length`` numbers if that is set; ``text`` is not judged. ``tunable``: the bounds, or values,
    recommended for tuning. ``optimizers``: those that read it, if not all do.
    """

    kind: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None
    default: str | None = None
    required: bool = False
    tunable: tuple[float, float] | tuple[str, ...] | None = None
    optimizers: tuple[str, ...] = ()


def _share(default: str, tunable: tuple[float, float] | None = None, *optimizers: str) -> Hyperparameter:
    return Hyperparameter("number", 0, 1, default=default, tunable=tunable, optimizers=optimizers)


def _count(default: str | None = None, *, minimum: int = 1, required: bool = False) -> Hyperparameter:
    return Hyperparameter("integer", minimum, default=default, required=required)


def _choice(*choices: str, default: str | None = None) -> Hyperparameter:
    return Hyperparameter("choice", choices=choices, default=default)


def _flag(no: str, yes: str) -> Hyperparameter:
    return Hyperparameter("flag", choices=(no, yes), default=no)


OPTIMIZERS = ("sgd", "adam", "rmsprop", "nag")

IMAGE_CLASSIFICATION_HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "num_classes": _count(required=True),
    "num_training_samples": _count(required=True),
    "augmentation_type": _choice("crop", "crop_color", "crop_color_transform"),
    "beta_1": _share("0.9", (1e-6, 0.999), "adam"),
    "beta_2": _share("0.999", (1e-6, 0.999), "adam"),
    "checkpoint_frequency": _count(),
    "early_stopping": _flag("False", "True"),
    "early_stopping_min_epochs": _count("10", minimum=0),
    "early_stopping_patience": _count("5", minimum=0),
    "early_stopping_tolerance": _share("0.0"),
    "epochs": _count("30"),
    "eps": _share("1e-8", (1e-8, 1.0), "adam", "rmsprop"),
    "gamma": _share("0.9", (1e-8, 0.999), "rmsprop"),
    "image_shape": Hyperparameter("integers", 1, length=3, default="3,224,224"),
    "kv_store": _choice("dist_sync", "dist_async"),
    "learning_rate": _share("0.1", (1e-6, 0.5)),
    "lr_scheduler_factor": _share("0.1"),
    "lr_scheduler_step": Hyperparameter("integers", 1),
    "mini_batch_size": Hyperparameter("integer", 1, default="32", tunable=(8, 512)),
    "momentum": _share("0.9", (0.0, 0.999), "sgd", "nag"),
    "multi_label": _flag("0", "1"),
    "num_layers": _choice(*DEEP_LAYERS, *SHALLOW_LAYERS, default="152"),
    "optimizer": Hyperparameter("choice", choices=OPTIMIZERS, default="sgd", tunable=OPTIMIZERS),
    "precision_dtype": _choice("float32", "float16", default="float32"),
    "resize": _count(),
    "top_k": _count(minimum=2),
    "use_pretrained_model": _flag("0", "1"),
    "use_weighted_loss": _flag("0", "1"),
    "weight_decay": _share("0.0001", (0.0, 0.999), "sgd", "nag"),
}


def _recommended(name: str, about: Hyperparameter) -> ParameterRangesTypeDef:
    if about.kind == "choice":
        return categorical_range(name, about.tunable or ())
    low, high = map(float, about.tunable or ())
    return integer_range(name, int(low), int(high)) if about.kind == "integer" else continuous_range(name, low, high)


# Ready for ``tuning_job``: [IMAGE_CLASSIFICATION_RANGES[name] for name in ("learning_rate", "optimizer")]
IMAGE_CLASSIFICATION_RANGES: Mapping[str, ParameterRangesTypeDef] = {
    name: _recommended(name, about) for name, about in IMAGE_CLASSIFICATION_HYPERPARAMETERS.items() if about.tunable
}


def image_classification_hyperparameters(
    *, num_classes: int, num_training_samples: int, **others: object
) -> dict[str, str]:
    """The hyperparameters as the algorithm reads them; ``others`` are further names of the table.

    A bool becomes 0 or 1, or False or True, as the table says; a tuple or list becomes ``3,224,224``.
    """
    values = {"num_classes": num_classes, "num_training_samples": num_training_samples, **others}
    return {name: _text(name, value) for name, value in values.items()}


def image_channels(
    *, train: str, validation: str, train_lst: str, validation_lst: str, model: str | None = None
) -> list[ChannelTypeDef]:
    """Channels of image files, with the lists of their classes; ``model`` is a model.tar.gz to start from."""
    folders = {"train": train, "validation": validation, "train_lst": train_lst, "validation_lst": validation_lst}
    return [
        *(channel(name, s3_uri, content_type=IMAGE_CONTENT_TYPE) for name, s3_uri in folders.items()),
        *_model_channel(model),
    ]


def record_channels(
    *, train: str, validation: str, input_mode: TrainingInputModeType | None = None, model: str | None = None
) -> list[ChannelTypeDef]:
    """Channels of one RecordIO file each (made by MXNet's im2rec); ``input_mode`` File or Pipe."""
    return [
        *(
            channel(name, s3_uri, input_mode=input_mode, content_type=RECORD_CONTENT_TYPE)
            for name, s3_uri in (("train", train), ("validation", validation))
        ),
        *_model_channel(model),
    ]


def manifest_channels(
    *,
    train: str,
    validation: str,
    label_attribute: str,
    label_format: Literal["class-id", "multi-hot"] | None = None,
    shuffle_seed: int | None = None,
    model: str | None = None,
) -> list[ChannelTypeDef]:
    """Channels of augmented manifests, streamed in Pipe mode.

    Their lines name the image as ``source-ref`` and its class as ``label_attribute``, in this order.
    ``label_format`` is for several labels per image.
    """
    content_type = f"{RECORD_CONTENT_TYPE}; label-format={label_format}" if label_format else RECORD_CONTENT_TYPE
    return [
        *(
            channel(
                name,
                s3_uri,
                input_mode="Pipe",
                content_type=content_type,
                record_wrapping="RecordIO",
                data_type="AugmentedManifestFile",
                attribute_names=["source-ref", label_attribute],
                shuffle_seed=shuffle_seed,
            )
            for name, s3_uri in (("train", train), ("validation", validation))
        ),
        *_model_channel(model),
    ]


def _text(name: str, value: object) -> str:
    about = IMAGE_CLASSIFICATION_HYPERPARAMETERS.get(name)
    if about is not None and about.kind == "flag" and isinstance(value, bool):
        return about.choices[value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value))
    return str(value)


def _model_channel(s3_uri: str | None) -> list[ChannelTypeDef]:
    return [channel("model", s3_uri, content_type=MODEL_CONTENT_TYPE)] if s3_uri else []
