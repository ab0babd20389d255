"""What `from utils import *` brings in the original course, as far as four files may rely on it.

The libraries that its own file imports come along, since a star takes all names. What that file
does on the network is not there.
"""

import copy
import json
import os
import sys
import tempfile
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Dict, List, Optional, Tuple, Union  # noqa: UP035
from urllib.parse import urlparse

import torch
import torch.nn as nn
from torch import Tensor
from tqdm.auto import tqdm

__all__ = [
    "CONFIG_NAME", "WEIGHTS_NAME", "BinaryIO", "Dict", "List", "Optional", "Path", "Tensor",
    "Tuple", "Union", "copy", "get_extended_attention_mask", "get_parameter_dtype",
    "is_remote_url", "json", "nn", "os", "partial", "sha256", "sys", "tempfile", "torch", "tqdm",
    "urlparse",
]  # fmt: skip

CONFIG_NAME, WEIGHTS_NAME = "config.json", "pytorch_model.bin"


def is_remote_url(url_or_filename: str) -> bool:
    """Whether it is an address and no path."""
    return urlparse(url_or_filename).scheme in ("http", "https")


def get_parameter_dtype(parameter: nn.Module) -> torch.dtype:
    """The type of a model's first parameter."""
    return next(parameter.parameters()).dtype


def get_extended_attention_mask(attention_mask: Tensor, dtype: torch.dtype) -> Tensor:
    """(B, T), 1 where a token is real, to (B, 1, 1, T) to add to scores: 0 there, -10000 else."""
    return (1.0 - attention_mask[:, None, None, :].to(dtype)) * -10000.0
