"""The same weights for transformers, and its models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import checkpoints
from benchmarks.setting import Setting
from checkpoints import huggingface


def hugging_face_folder(setting: Setting) -> Path:
    """The same weights as transformers reads them, config.json and model.safetensors; made once.

    Without a tokenizer: no token ends a text, and every contender writes as many as it is asked.
    """
    source = setting.checkpoint.stat()
    folder = setting.out / "transformers" / f"{setting.checkpoint.stem}-{source.st_mtime_ns:x}"
    if not folder.exists():
        read = checkpoints.read(setting.checkpoint)
        hidden_dim = read.shapes["layers.0.feed_forward.w1.weight"][0]
        config = replace(read.config, hidden_dim=hidden_dim)
        huggingface.write(folder, config, read.tensors)
    return folder


def load_theirs(
    folder: Path, dtype: str = "float32", head: str = "LlamaForCausalLM", **options: Any
) -> Any:
    """transformers' model, quietly."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    kind = getattr(transformers, head)
    return kind.from_pretrained(folder, dtype=getattr(torch, dtype), **options).eval()
