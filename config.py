"""The shape of a Llama, in one frozen dataclass that is validated once.

The letters used in every shape comment of this project:

    B batch   T time (new tokens)   S time (all tokens a query can see, S >= T)
    H query heads   KV key/value heads   D head dim   C model dim (H * D, as a rule)
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
MAX_NUMBER = 1e15


@dataclass(frozen=True)
class RopeScaling:
    """How the rotary frequencies were lowered, for a context longer than the one trained on first.

    `rope.scale_frequencies` says what each kind does.

    Raises:
        ValueError: a field is unknown, of the wrong type or out of range.
    """

    kind: str  # linear, llama3, or factors
    factor: float = 1.0  # what frequencies are divided by
    low_freq_factor: float = 1.0  # llama3: so many turns in the old context, or fewer: divided
    high_freq_factor: float = 4.0  # llama3: so many turns, or more: as they were
    original_max_seq_len: int = 8192  # llama3: tokens of the old context
    factors: tuple[float, ...] = ()  # factors: one for each of the D/2 frequencies

    def __post_init__(self) -> None:
        if self.kind not in ("linear", "llama3", "factors"):
            raise ValueError(f"rope_scaling is {self.kind!r}: linear and llama3 are implemented")
        if not isinstance(self.factors, list | tuple):
            raise ValueError(f"rope_scaling: factors={self.factors!r} is no list of numbers")
        object.__setattr__(self, "factors", tuple(self.factors))
        names = ("factor", "low_freq_factor", "high_freq_factor", "original_max_seq_len")
        for name, value in [*((n, getattr(self, n)) for n in names),
                            *(("factors", value) for value in self.factors)]:  # fmt: skip
            if not is_number(value) or not 0 < value <= MAX_NUMBER:
                raise ValueError(f"rope_scaling: {name}={value!r}: must be a number above 0")
        if self.low_freq_factor >= self.high_freq_factor:
            raise ValueError("rope_scaling: low_freq_factor must be less than high_freq_factor")

    @classmethod
    def from_dict(cls, values: Any) -> RopeScaling:
        """The inverse of `dataclasses.asdict`; raises a ValueError on anything else."""
        known = {field.name for field in fields(cls)}
        if not isinstance(values, dict) or "kind" not in values or not values.keys() <= known:
            raise ValueError(f"rope_scaling={values!r}: must have fields of {sorted(known)}")
        return cls(**values)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


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
    head_dim: int = 0  # D, width of one head; 0 means dim / n_heads
    rope_theta: float = 10000.0  # base of the rotary wavelengths
    rope_scaling: RopeScaling | None = None  # of a context that was lengthened, as Llama 3.1's
    causal: bool = True  # False: every token sees every other, as the course's 2024-25 reference
    tie_embeddings: bool = True  # input embedding and output projection are one matrix

    def __post_init__(self) -> None:
        if self.n_kv_heads is None:
            object.__setattr__(self, "n_kv_heads", self.n_heads)
        if isinstance(self.rope_scaling, dict):
            object.__setattr__(self, "rope_scaling", RopeScaling.from_dict(self.rope_scaling))
        self._settle_head_dim()
        for name in ("vocab_size", "dim", "n_layers", "n_heads", "n_kv_heads", "max_seq_len",
                     "multiple_of", "hidden_dim", "head_dim"):  # fmt: skip
            value = getattr(self, name)
            if name == "hidden_dim" and value is None:
                continue
            limit = MAX_LAYERS if name == "n_layers" else MAX_SIZE
            if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= limit:
                raise ValueError(f"{name}={value!r}: must be an integer from 1 to {limit:,}")
        for name in ("layer_norm_eps", "rope_theta"):
            value = getattr(self, name)
            if not is_number(value) or not 0 < value <= MAX_NUMBER:
                raise ValueError(f"{name}={value!r}: must be a finite number above 0")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout!r}: must be in [0, 1)")
        for name in ("causal", "tie_embeddings"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}={getattr(self, name)!r}: must be True or False")
        if not isinstance(self.rope_scaling, RopeScaling | None):
            raise ValueError(f"rope_scaling={self.rope_scaling!r}: must be an object of fields")
        if self.n_heads % self.n_kv_heads:
            raise ValueError(
                f"n_heads={self.n_heads} is not a multiple of n_kv_heads={self.n_kv_heads}: "
                "each key/value head serves the same number of query heads"
            )
        if self.head_dim % 2:
            raise ValueError(
                f"head_dim={self.head_dim} is odd: RoPE rotates pairs, so it must be even"
            )
        scaling = self.rope_scaling
        if scaling and scaling.kind == "factors" and len(scaling.factors) != self.head_dim // 2:
            raise ValueError(
                f"rope_scaling has {len(scaling.factors)} factors, and heads of {self.head_dim} "
                f"have {self.head_dim // 2} frequencies"
            )

    def _settle_head_dim(self) -> None:
        """Put dim / n_heads where nothing is stated."""
        if self.head_dim or not isinstance(self.dim, int) or not isinstance(self.n_heads, int):
            return  # of another type they are refused below
        if self.n_heads < 1 or self.dim % self.n_heads:
            raise ValueError(
                f"dim={self.dim} is not a multiple of n_heads={self.n_heads}: state head_dim"
            )
        object.__setattr__(self, "head_dim", self.dim // self.n_heads)

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
