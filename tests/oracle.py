"""The model's oracle: transformers' Llama with the same weights."""

from __future__ import annotations

from dataclasses import replace

import pytest

from llama import Llama


def hugging_face_twin(model: Llama):
    """transformers' Llama with the same weights; it pairs i with i + D/2, hence the permutation."""
    transformers = pytest.importorskip("transformers")
    from checkpoints.huggingface import config_facts, their_tensors

    hidden_dim = len(model.get_parameter("layers.0.feed_forward.w1.weight"))
    facts = config_facts(replace(model.config, causal=True, hidden_dim=hidden_dim))
    theirs = transformers.LlamaForCausalLM(transformers.LlamaConfig(**facts))
    own = {name: p.detach() for name, p in model.named_parameters()}  # a tied matrix comes once
    state = dict(their_tensors(model.config, own))
    if model.config.tie_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    theirs.load_state_dict(state)
    return theirs.eval()
