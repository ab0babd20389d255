"""Cases of the encoder of pictures: its parts, each alone, and the whole."""

from __future__ import annotations

import numpy as np

from assignment.arrays import Array
from assignment.cases import PICTURES, STAGE
from assignment.grading import reference_vision
from assignment.grading.recipes.drawing import Arrays, Recorded, normal, wide

DROPOUT = np.float32(0.3)


def patches_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, P: int, *shape: int) -> Recorded:
        pictures = normal(rng, *shape)
        inputs: Arrays = {"pictures": pictures, "patch_size": np.int64(P)}
        patches = reference_vision.cut_patches(wide(inputs)["pictures"], P)
        return about, inputs, {"patches": patches, "input_kept": np.int64(1)}

    def unfit(about: str, P: int, *shape: int) -> Recorded:
        inputs: Arrays = {"pictures": normal(rng, *shape), "patch_size": np.int64(P)}
        return about, inputs | {"unfit": np.True_}, {"refused": np.int64(1)}

    return {
        "colours": case("two pictures in three colours, wider than high", 4, 2, 3, 8, 12),
        "grey": case("one colour, higher than wide", 2, 3, 1, 8, 4),
        "whole": case("the picture is one patch", 5, 2, 2, 5, 5),
        "unfit_height": unfit("a height that is no multiple is a ValueError", 4, 1, 1, 6, 8),
        "unfit_width": unfit("a width that is no multiple is a ValueError", 4, 1, 1, 8, 6),
    }


def positions_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, length: int, d_model: int) -> Recorded:
        inputs: Arrays = {"length": np.int64(length), "d_model": np.int64(d_model)}
        return about, inputs, {"waves": reference_vision.sine_positions(length, d_model)}

    unfit = {"length": np.int64(4), "d_model": np.int64(7), "unfit": np.True_}
    # Beyond a few places float32 tells less of the angle of the shortest wave.
    length, d_model = rng.integers(5, 10), 2 * rng.integers(5, 9)
    return {
        "few": case("seven places, ten features", 7, 10),
        "one": case("one place, which is where every angle is 0", 1, 6),
        "wide": case("more features than places", int(length), int(d_model) + 8),
        "unfit": ("an odd d_model is a ValueError", unfit, {"refused": np.int64(1)}),
    }


def weights_of(rng: np.random.Generator, **shapes: tuple[int, int]) -> Arrays:
    """Linear layers with weights and biases that matter, by their names."""
    found: Arrays = {}
    for name, (out, into) in shapes.items():
        found[f"{name}.weight"] = normal(rng, out, into) * np.float32(1.5 / into**0.5)
        found[f"{name}.bias"] = normal(rng, out) * np.float32(0.5)
    return found


def multi_head_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, B: int, T: int, H: int, D: int) -> Recorded:
        C = H * D
        inputs = weights_of(rng, **dict.fromkeys(("query", "key", "value", "output"), (C, C)))
        inputs |= {"x": normal(rng, B, T, C), "num_heads": np.int64(H)}
        w = wide(inputs)
        gathered, weights = reference_vision.multi_head(w["x"], w, H)
        return about, inputs, {
            "weights": weights, "gathered": gathered, "calls_differ": np.int64(0)
        }  # fmt: skip

    return {
        "heads": case("three heads of four features, seven patches", 2, 7, 3, 4),
        "one_head": case("one head", 2, 5, 1, 6),
        "training": multi_head_in_training(rng, 16),
    }


def multi_head_in_training(rng: np.random.Generator, T: int) -> Recorded:
    """The values are unit vectors and a one, so that the weights themselves come out."""
    B, H, D = 4, 2, T + 1
    C = H * D
    inputs = weights_of(rng, query=(C, C), key=(C, C))
    x = np.zeros((B, T, C), np.float32)
    x[:, :, :T], x[:, :, T:] = np.eye(T), normal(rng, B, T, C - T)
    one_head = np.concatenate((np.eye(T), np.zeros((1, T))))  # (D, T)
    value = np.zeros((C, C), np.float32)
    value[:, :T] = np.tile(one_head, (H, 1))
    inputs |= {"value.weight": value, "value.bias": np.tile(np.eye(D)[T], H).astype(np.float32)}
    inputs |= {"output.weight": np.eye(C, dtype=np.float32), "output.bias": np.zeros(C, np.float32)}
    inputs |= {"x": x, "num_heads": np.int64(H), "dropout": DROPOUT}
    w = wide(inputs)
    _, weights = reference_vision.multi_head(w["x"], w, H)
    about = "train mode: dropout takes a share of the weights, and those returned are whole"
    expected: Arrays = {"share_dropped": np.float64(DROPOUT), "kept": weights}
    return about, inputs, expected | {"beside_the_sum": np.zeros((B, H, T)), "weights": weights}


def feed_forward_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, B: int, T: int, C: int, width: int, training: bool = False) -> Recorded:
        inputs = weights_of(rng, up=(width, C), down=(C, width)) | {"x": normal(rng, B, T, C)}
        if training:
            inputs |= {"down.weight": np.eye(C, dtype=np.float32), "dropout": DROPOUT}
            inputs["down.bias"] = np.zeros(C, np.float32)
        w = wide(inputs)
        features = reference_vision.feed_forward(w["x"], w)
        outputs: Arrays = {"features": features, "calls_differ": np.int64(0)}
        if training:
            outputs |= {"share_dropped": np.float64(DROPOUT), "kept": features}
        return about, inputs, outputs

    return {
        "random": case("F != C", 2, 3, 6, 10),
        "narrow": case("F < C", 3, 4, 8, 5),
        "training": case(
            "train mode: dropout takes a share of what is hidden", 4, 80, 12, 12, True
        ),
    }


def encoder_layer_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, norm_first: bool) -> Recorded:
        C = 10
        inputs: Arrays = {"x": normal(rng, 2, 7, C), "norm_first": np.bool_(norm_first)}
        for name in ("attention", "feed_forward"):
            inputs[name] = normal(rng, C, C) / np.float32(C**0.5)
            inputs[f"{name}_norm.weight"] = 1 + np.float32(0.3) * normal(rng, C)
            inputs[f"{name}_norm.bias"] = normal(rng, C)
        w = wide(inputs)
        features = reference_vision.standin_layer(w["x"], w, norm_first)
        return about, inputs, {"features": features, "input_kept": np.int64(1)}

    def training(about: str, norm_first: bool) -> Recorded:
        x = normal(rng, 4, 16, 40)
        inputs: Arrays = {"x": x, "norm_first": np.bool_(norm_first), "dropout": DROPOUT}
        share = np.float64(DROPOUT)
        outputs: Arrays = {"share_dropped": share, "share_dropped_after": share}
        return about, inputs, outputs | {"beside_one": np.zeros(x.shape), "input_kept": np.int64(1)}

    return {
        "norm_first": case("the parts read a normalised copy", True),
        "norm_after": case("the sum is normalised, as in 2017", False),
        "training": training("train mode: dropout takes a share of what each part adds", True),
        "training_after": training("the same where the sum is normalised", False),
    }


def encoder_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, norm_first: bool, layers: int = 3) -> Recorded:
        channels, side, P, C, classes = 2, 6, 3, 8, 5
        T = (side // P) ** 2
        inputs = weights_of(rng, head=(classes, C))
        inputs |= {"pictures": normal(rng, 3, channels, side, side), "patch_size": np.int64(P)}
        inputs["embedding"] = normal(rng, channels, C) * 3
        inputs["position"] = normal(rng, T, C)
        inputs["layers"] = normal(rng, layers, C, C) / np.float32(C**0.5)
        if norm_first:
            inputs["norm.weight"] = 1 + np.float32(0.3) * normal(rng, C)
            inputs["norm.bias"] = normal(rng, C)
        w = wide(inputs)
        logits = reference_vision.standin_encoder(w["pictures"], w, P, norm_first)
        return about, inputs, {"class_logits": logits, "calls_differ": np.int64(0)}

    return {
        "norm_first": case("a last norm after the layers", True),
        "norm_after": case("no last norm: each layer has normalised already", False, layers=2),
        "training": encoder_in_training(rng),
    }


def encoder_in_training(rng: np.random.Generator) -> Recorded:
    B, C = 200, 12
    inputs: Arrays = {"pictures": np.abs(normal(rng, B, 1, 2, 2)) + 1, "patch_size": np.int64(2)}
    inputs |= {"embedding": np.abs(normal(rng, 1, C)) + 1, "position": normal(rng, 1, C) / 8}
    inputs |= {"layers": np.zeros((0, C, C), np.float32), "dropout": DROPOUT}
    inputs |= {"head.weight": np.eye(C, dtype=np.float32), "head.bias": np.zeros(C, np.float32)}
    w = wide(inputs)
    logits = reference_vision.standin_encoder(w["pictures"], w, 2, norm_first=False)
    about = "train mode: dropout takes a share of the patches' features with their positions"
    return about, inputs, {
        "class_logits": logits, "share_dropped": np.float64(DROPOUT), "kept": logits
    }  # fmt: skip


def pictures_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    P, H, B = PICTURES["patch_size"], PICTURES["num_heads"], 6
    shapes = encoder_shapes()
    inputs: Arrays = {}
    for name, shape in shapes.items():
        scale = 1.5 / np.sqrt(shape[-1]) if len(shape) > 1 else 0.3
        drawn = normal(rng, *shape) * np.float32(scale)
        inputs[name] = 1 + drawn if name.endswith("norm.weight") else drawn
    side = PICTURES["img_size"]
    inputs["pictures"] = normal(rng, B, PICTURES["channels"], side, side)
    inputs["labels"] = rng.permutation(np.arange(B) % PICTURES["num_classes"])
    for name, shape in shapes.items():
        direction = normal(rng, *shape)
        inputs[f"direction.{name}"] = direction / np.float32(np.sqrt(direction.size))
    stages: dict[str, Array] = {}
    logits = reference_vision.encoder(inputs["pictures"], inputs, P, H, stages)
    looks = np.stack([x for name, x in stages.items() if name.endswith("weights")])
    outputs: Arrays = {STAGE + name: x for name, x in stages.items()}
    outputs |= {"class_logits": logits, "looks": looks}
    outputs |= {"slopes": reference_vision.slopes(inputs, P, H), "unlearnt": np.int64(0)}
    return {"small_model": ("six small pictures: logits, slopes, and learnt", inputs, outputs)}


def encoder_shapes() -> dict[str, tuple[int, ...]]:
    """The parameters of the small encoder, in its own order."""
    C, F = PICTURES["d_model"], PICTURES["d_ff"]
    layer: dict[str, tuple[int, ...]] = {}
    for name in ("query", "key", "value", "output"):
        layer |= {f"attention.{name}.weight": (C, C), f"attention.{name}.bias": (C,)}
    layer |= {"feed_forward.up.weight": (F, C), "feed_forward.up.bias": (F,)}
    layer |= {"feed_forward.down.weight": (C, F), "feed_forward.down.bias": (C,)}
    for norm in ("attention_norm", "feed_forward_norm"):
        layer |= {f"{norm}.weight": (C,), f"{norm}.bias": (C,)}
    pixels = PICTURES["channels"] * PICTURES["patch_size"] ** 2
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.project.weight": (C, pixels), "embedding.project.bias": (C,)
    }  # fmt: skip
    for index in range(PICTURES["num_layers"]):
        shapes |= {f"layers.{index}.{name}": shape for name, shape in layer.items()}
    shapes |= {"norm.weight": (C,), "norm.bias": (C,)}
    return shapes | {
        "head.weight": (PICTURES["num_classes"], C), "head.bias": (PICTURES["num_classes"],)
    }  # fmt: skip
