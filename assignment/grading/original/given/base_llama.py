"""What the original course's model is built on."""

import torch
from torch import dtype, nn
from utils import get_parameter_dtype

from config import LlamaConfig

__all__ = ["LlamaConfig", "LlamaPreTrainedModel", "dtype", "nn", "torch"]


class LlamaPreTrainedModel(nn.Module):
    """A module that knows its configuration."""

    config_class = LlamaConfig
    base_model_prefix = "llama"

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = config.vocab_size
        self.n_layers = config.n_layers

    def init_weights(self) -> None:
        self.apply(self._init_weights)

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    @property
    def dtype(self) -> dtype:
        return get_parameter_dtype(self)
