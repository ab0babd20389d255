"""The model's oracle: transformers' Llama with the same weights."""

from __future__ import annotations

import pytest

from benchmarks.hugging_face import hugging_face_config, hugging_face_tensors
from llama import Llama


def hugging_face_twin(model: Llama):
    """transformers' Llama with the same weights; it pairs i with i + D/2, hence the permutation."""
    transformers = pytest.importorskip("transformers")
    config = hugging_face_config(model)
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**config))
    state = hugging_face_tensors(model)
    if model.config.tie_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    theirs.load_state_dict(state)
    return theirs.eval()
