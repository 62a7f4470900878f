from __future__ import annotations

import inspect
import io
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

RED, WHITE = (255, 0, 0), (255, 255, 255)


@pytest.fixture(scope="module")
def inference(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("inference")


@pytest.fixture(scope="module")
def classifier(inference: ModuleType) -> Any:
    import torch

    torch.manual_seed(0)
    network = inference.build_network("squeezenet1_1", 3, 32).eval()
    return inference.Classifier(
        network, ["ant", "bee", "cat"], 32, list(inference.MEAN), list(inference.STD), torch.device("cpu")
    )


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def array_of(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def turned_jpeg() -> bytes:
    """A picture that is 30 wide and 20 high once it is turned as its EXIF tag says."""
    image = Image.new("RGB", (20, 30), RED)
    exif = Image.Exif()
    exif[0x0112] = 6
    return file_of(image, "JPEG", exif=exif)


def palette_with_transparency() -> Image.Image:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.info["transparency"] = 0
    return image


@pytest.mark.parametrize(
    ("body", "content_type", "size", "corner"),
    [
        (file_of(Image.new("RGB", (30, 20), RED)), "image/png", (30, 20), RED),
        (file_of(Image.new("RGB", (30, 20), WHITE), "JPEG"), "image/jpeg", (30, 20), WHITE),
        (file_of(Image.new("RGB", (30, 20), RED)), "application/x-image", (30, 20), RED),
        (file_of(Image.new("RGB", (30, 20), RED)), "Image/PNG; charset=binary", (30, 20), RED),
        (turned_jpeg(), "image/jpeg", (30, 20), (254, 0, 0)),
        (file_of(Image.new("RGBA", (4, 4), (0, 0, 0, 0))), "image/png", (4, 4), WHITE),
        (file_of(Image.new("LA", (4, 4), (0, 0))), "image/png", (4, 4), WHITE),
        (file_of(palette_with_transparency(), transparency=0), "image/png", (4, 4), WHITE),
        (file_of(Image.new("L", (4, 4), 7)), "image/png", (4, 4), (7, 7, 7)),
        (file_of(Image.new("1", (4, 4), 1)), "image/png", (4, 4), WHITE),
        (file_of(Image.fromarray(np.full((4, 4), 0x80FF, np.uint16))), "image/png", (4, 4), (128, 128, 128)),
        (file_of(Image.new("CMYK", (4, 4), (0, 0, 0, 0)), "JPEG"), "image/jpeg", (4, 4), WHITE),
        (array_of(np.full((5, 4), 9, np.uint8)), "application/x-npy", (4, 5), (9, 9, 9)),
        (array_of(np.full((5, 4, 3), RED, np.uint8)), "application/x-npy", (4, 5), RED),
    ],
)
def test_a_picture_of_any_kind_becomes_upright_rgb(
    inference: ModuleType, body: bytes, content_type: str, size: tuple[int, int], corner: tuple[int, int, int]
) -> None:
    [picture] = inference.input_fn(body, content_type)
    assert (picture.mode, picture.size, picture.getpixel((0, 0))) == ("RGB", size, corner)


def test_an_array_of_four_dimensions_is_several_pictures(inference: ModuleType) -> None:
    pictures = inference.input_fn(array_of(np.zeros((3, 5, 4, 3), np.uint8)), "application/x-npy")
    assert [picture.size for picture in pictures] == [(4, 5)] * 3


PICTURE = file_of(Image.effect_noise((64, 64), 50))


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (b"{}", "application/json", 415, "'application/json' is not supported; accepted are image/jpeg, image/png"),
        (PICTURE, None, 415, "content type None is not supported"),
        (b"no picture", "image/png", 400, r"the body \(10 bytes\) cannot be read as a picture"),
        (b"", "application/x-image", 400, r"the body \(0 bytes\) cannot be read"),
        (PICTURE[: len(PICTURE) // 2], "image/png", 400, "truncated"),
        (b"no array", "application/x-npy", 400, "no array that numpy.save wrote"),
        (array_of(np.array([{}], object)), "application/x-npy", 400, "no array that numpy.save wrote"),
        (array_of(np.zeros((4, 4), np.float32)), "application/x-npy", 400, "float32 with shape .* accepted is uint8"),
        (array_of(np.zeros((4, 4, 4), np.uint8)), "application/x-npy", 400, r"shape \(4, 4, 4\) is no picture"),
        (array_of(np.zeros((0, 4, 4, 3), np.uint8)), "application/x-npy", 400, "no side 0"),
    ],
)
def test_a_request_that_cannot_be_served_is_refused_with_what_is_accepted(
    inference: ModuleType, body: bytes, content_type: str | None, status: int, said: str
) -> None:
    with pytest.raises(inference.RequestRefused, match=said) as caught:
        inference.input_fn(body, content_type)
    assert (caught.value.status_code, caught.value.message) == (status, str(caught.value))


def test_refusals_are_of_the_toolkit_family_which_is_how_a_server_tells_them_from_faults(inference: ModuleType) -> None:
    assert "BaseInferenceToolkitError" in [base.__name__ for base in inference.RequestRefused.__mro__]


def test_the_server_can_call_each_function_with_the_arguments_it_has(inference: ModuleType) -> None:
    taken = {
        name: len(inspect.signature(getattr(inference, name)).parameters)
        for name in ("model_fn", "input_fn", "predict_fn", "output_fn")
    }
    assert taken == {"model_fn": 1, "input_fn": 2, "predict_fn": 2, "output_fn": 2}


def test_scores_are_a_distribution_for_each_picture(inference: ModuleType, classifier: Any) -> None:
    pictures = [Image.effect_noise((40, 20), 90).convert("RGB") for _ in range(inference.PICTURES_AT_A_TIME + 1)]
    scores = inference.predict_fn(pictures, classifier)
    assert (scores.values.shape, scores.values.dtype) == ((len(pictures), 3), np.float32)
    np.testing.assert_allclose(scores.values.sum(axis=1), 1, rtol=1e-5)


@pytest.fixture
def scores(inference: ModuleType) -> Any:
    return inference.Scores(["ant", "bee", "cat"], np.array([[0.25, 0.625, 0.125], [0.0, 0.0, 1.0]], np.float32))


@pytest.mark.parametrize("accept", ["application/json", "*/*", None, "", "text/html, application/*;q=0.8"])
def test_json_lists_all_classes_by_falling_score(inference: ModuleType, scores: Any, accept: str | None) -> None:
    body, content_type = inference.output_fn(scores, accept)
    assert content_type == "application/json"
    assert json.loads(body) == {
        "predictions": [
            {"labels": ["bee", "ant", "cat"], "scores": [0.625, 0.25, 0.125]},
            {"labels": ["cat", "ant", "bee"], "scores": [1.0, 0.0, 0.0]},
        ]
    }


def test_npy_keeps_the_order_of_the_classes(inference: ModuleType, scores: Any) -> None:
    body, content_type = inference.output_fn(scores, "application/x-npy")
    assert content_type == "application/x-npy"
    np.testing.assert_array_equal(np.load(io.BytesIO(body)), scores.values)


def test_another_answer_is_refused_with_what_can_be_had(inference: ModuleType, scores: Any) -> None:
    with pytest.raises(inference.RequestRefused, match="answers are application/json or application/x-npy") as caught:
        inference.output_fn(scores, "text/csv")
    assert caught.value.status_code == 406


@pytest.mark.parametrize(
    ("architecture", "head"),
    [
        ("alexnet", "classifier.6"),
        ("convnext_tiny", "classifier.2"),
        ("densenet121", "classifier"),
        ("efficientnet_b0", "classifier.1"),
        ("googlenet", "fc"),
        ("inception_v3", "fc"),
        ("maxvit_t", "classifier.5"),
        ("mnasnet0_5", "classifier.1"),
        ("mobilenet_v2", "classifier.1"),
        ("mobilenet_v3_small", "classifier.3"),
        ("regnet_y_400mf", "fc"),
        ("resnet18", "fc"),
        ("shufflenet_v2_x0_5", "fc"),
        ("squeezenet1_1", "classifier.1"),
        ("swin_t", "head"),
        ("vgg11", "classifier.6"),
        ("vit_b_16", "heads.head"),
    ],
)
def test_the_last_layer_of_every_family_is_found_and_fits_the_classes(
    inference: ModuleType, architecture: str, head: str
) -> None:
    import torch

    size = 299 if architecture == "inception_v3" else 224
    # On "meta" tensors have shapes alone, and no time is spent on weights; a RegNet computes while it is built.
    with torch.device("cpu" if architecture.startswith("regnet") else "meta"):
        network = inference.build_network(architecture, 7, size).eval()
        answer = network(torch.empty(1, 3, size, size))
    assert (inference.head_name(network), tuple(answer.shape)) == (head, (1, 7))
