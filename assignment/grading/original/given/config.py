"""The original course's configuration: plain attributes, and any further ones by name."""


class PretrainedConfig:
    """Takes whatever it is given."""

    model_type = ""

    def __init__(self, **kwargs: object) -> None:
        self.num_labels = 2
        self.return_dict = True
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classmethod
    def from_dict(cls, config_dict: dict, **kwargs: object) -> "PretrainedConfig":
        return cls(**{**config_dict, **kwargs})


class LlamaConfig(PretrainedConfig):
    """The shape of a model."""

    model_type = "llama"

    def __init__(
        self,
        vocab_size: int = 32000,
        dim: int = 512,
        dropout: float = 0.0,
        n_layers: int = 8,
        n_heads: int = 8,
        n_kv_heads: int | None = 8,
        max_seq_len: int = 1024,
        layer_norm_eps: float = 1e-5,
        multiple_of: int = 32,
        hidden_dim: int | None = None,
        position_embedding_type: str = "rotary",
        use_cache: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.vocab_size = vocab_size
        self.dim = dim
        self.dropout = dropout
        self.n_layers = n_layers
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads
        self.max_seq_len = max_seq_len
        self.layer_norm_eps = layer_norm_eps
        self.multiple_of = multiple_of
        self.hidden_dim = hidden_dim
        self.position_embedding_type = position_embedding_type
        self.use_cache = use_cache
