"""The shape of a Llama, in one frozen dataclass that is validated once.

The letters used in every shape comment of this project:

    B batch   T time (new tokens)   S time (all tokens a query can see, S >= T)
    H query heads   KV key/value heads   D head dim   C model dim (H * D)
    F hidden dim of the feed-forward   V vocabulary
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

from support.files import write_text

# Names that older checkpoints carry. The first table is renamed, the second says nothing that
# the model could do otherwise, so it is accepted with these values only.
RENAMED_FIELDS = {"norm_eps": "layer_norm_eps"}
FIXED_FIELDS: dict[str, tuple[Any, ...]] = {
    "position_embedding_type": ("rotary",),
    "use_cache": (True, False),
}

# Far beyond any Llama, and small enough that a damaged file cannot ask for the impossible.
MAX_LAYERS = 1024
MAX_SIZE = 2**24


@dataclass(frozen=True)
class LlamaConfig:
    """Everything that decides the shape and the arithmetic of a Llama.

    Raises:
        ValueError: a field is of the wrong type or out of range, or two fields do not fit.
    """

    vocab_size: int = 32000  # V, tokens
    dim: int = 512  # C, width of the residual stream
    dropout: float = 0.0  # probability, in [0, 1)
    n_layers: int = 8
    n_heads: int = 8  # H
    n_kv_heads: int = 8  # KV, divides n_heads; None, in a file, means n_heads
    max_seq_len: int = 1024  # tokens, the longest context
    layer_norm_eps: float = 1e-5  # added to the mean square, inside the root
    multiple_of: int = 32  # hidden_dim is rounded up to a multiple of this
    hidden_dim: int | None = None  # F; None means 2/3 of 4 * dim, rounded up
    rope_theta: float = 10000.0  # base of the rotary wavelengths
    causal: bool = True  # False: every token sees every other, as the course's 2024-25 reference
    tie_embeddings: bool = True  # input embedding and output projection are one matrix

    def __post_init__(self) -> None:
        if self.n_kv_heads is None:
            object.__setattr__(self, "n_kv_heads", self.n_heads)
        for name in ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "max_seq_len",
                     "multiple_of", "hidden_dim"):  # fmt: skip
            value = getattr(self, name)
            if name == "hidden_dim" and value is None:
                continue
            limit = MAX_LAYERS if name == "n_layers" else MAX_SIZE
            if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= limit:
                raise ValueError(f"{name}={value!r}: must be an integer from 1 to {limit:,}")
        for name in ("layer_norm_eps", "rope_theta"):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ValueError(f"{name}={value!r}: must be a finite number above 0")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout!r}: must be in [0, 1)")
        for name in ("causal", "tie_embeddings"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r}: must be True or False")
        if self.dim % self.n_heads:
            raise ValueError(f"dim={self.dim} is not a multiple of n_heads={self.n_heads}")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads={self.n_heads} is not a multiple of n_kv_heads={self.n_kv_heads}: "
                "each key/value head serves the same number of query heads"
            )
        if self.head_dim % 2:
            raise ValueError(
                f"dim / n_heads = {self.head_dim} is odd: RoPE rotates pairs, so it must be even"
            )

    @property
    def head_dim(self) -> int:
        """D, the width of one head."""
        return self.dim // self.n_heads

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LlamaConfig:
        """Build a configuration from what a checkpoint states (`model_args`).

        Raises:
            ValueError: a field is unknown, stated twice, or has a value this model cannot honour.
        """
        known = {field.name for field in fields(cls)}
        arguments: dict[str, Any] = {}
        for key, value in values.items():
            if key in FIXED_FIELDS:
                if not isinstance(value, bool | str) or value not in FIXED_FIELDS[key]:
                    raise ValueError(f"{key}={value!r}: only {FIXED_FIELDS[key]} is implemented")
                continue
            name = RENAMED_FIELDS.get(key, key)
            if name not in known:
                raise ValueError(
                    f"unknown configuration field {key!r}; known: {', '.join(sorted(known))}"
                )
            if name in arguments:
                raise ValueError(f"configuration states {name!r} twice (once as {key!r})")
            arguments[name] = value
        return cls(**arguments)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> LlamaConfig:
        """Read a JSON file; raises ValueError where it is missing or no configuration."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            if not isinstance(values, dict):
                raise ValueError("must hold an object of fields")
            return cls.from_dict(values)
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}: {error}") from error

    def to_file(self, path: str | PathLike[str]) -> None:
        """Write a JSON file, atomically, that `from_file` reads."""
        write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")
