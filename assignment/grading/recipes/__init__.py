"""How cases are drawn: random inputs, and what `reference.py` makes of them in float64.

The recorded cases come from a fixed seed (`make_reference.py`), the hidden ones of grading from a
secret and the submission. Nothing here is part of a handout, and nothing needs torch. An input
`no_grad` or `training` says in what mode a function is called; the default is eval, with gradients.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from assignment.arrays import Array
from assignment.cases import Case
from assignment.grading.recipes import basics, forward, vision, writing
from assignment.grading.recipes.classifiers import embedding_cases, zero_shot_cases
from assignment.grading.recipes.drawing import Arrays, Recorded
from assignment.grading.recipes.optimizers import adamw_cases
from assignment.grading.recipes.parts import (
    attention_cases,
    layer_cases,
    rmsnorm_cases,
    rope_cases,
    sampling_cases,
    swiglu_cases,
)
from assignment.grading.recipes.whole import end_to_end_cases, stack_cases

RECIPES: dict[str, Callable[[np.random.Generator], dict[str, Recorded]]] = {
    "rope": rope_cases,
    "rmsnorm": rmsnorm_cases,
    "attention": attention_cases,
    "swiglu": swiglu_cases,
    "layer": layer_cases,
    "sampling": sampling_cases,
    "adamw": adamw_cases,
    "zero_shot": zero_shot_cases,
    "embedding": embedding_cases,
    "stack": stack_cases,
    "end_to_end": end_to_end_cases,
    "patches": vision.patches_cases,
    "positions": vision.positions_cases,
    "multi_head": vision.multi_head_cases,
    "feed_forward": vision.feed_forward_cases,
    "encoder_layer": vision.encoder_layer_cases,
    "encoder": vision.encoder_cases,
    "pictures": vision.pictures_cases,
    "causal_mask": writing.causal_mask_cases,
    "greedy": writing.greedy_cases,
    "top_k": writing.top_k_cases,
    "top_p": writing.top_p_cases,
    "writing": writing.writing_cases,
    "bpe_training": basics.bpe_training_cases,
    "bpe_encoding": basics.bpe_encoding_cases,
    "get_batch": basics.get_batch_cases,
    "softmax": basics.softmax_cases,
    "cross_entropy": basics.cross_entropy_cases,
    "sgd": basics.sgd_cases,
    "clipping": basics.clipping_cases,
    "schedule": basics.schedule_cases,
    "save_checkpoint": basics.save_checkpoint_cases,
    "load_checkpoint": basics.load_checkpoint_cases,
    "heads": forward.heads_cases,
    "forward_pass": forward.forward_pass_cases,
    "generate": forward.generate_cases,
    "together": forward.together_cases,
}


def draw(task: str, rng: np.random.Generator, hidden: bool = False) -> list[Case]:
    """The cases of a task, with new random inputs."""
    return [
        Case(task, name, about, as_arrays(inputs), as_arrays(outputs), hidden)
        for name, (about, inputs, outputs) in RECIPES[task](rng).items()
    ]


def as_arrays(values: Arrays) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}


def hidden_cases(task: str, secret: bytes, submission: str) -> list[Case]:
    """Cases that nobody has seen, and that the same secret and submission bring back."""
    digest = hashlib.sha256(b"\0".join((secret, submission.encode(), task.encode()))).digest()
    return draw(task, np.random.default_rng(list(digest)), hidden=True)
