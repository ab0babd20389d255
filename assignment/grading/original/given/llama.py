"""In the place of a file that was not handed in, or cannot be imported."""


class NotStarted:
    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError


class RMSNorm(NotStarted):
    pass


class Attention(NotStarted):
    pass


class LlamaLayer(NotStarted):
    pass


class Llama(NotStarted):
    pass


def load_pretrained(checkpoint: str) -> Llama:
    raise NotImplementedError
