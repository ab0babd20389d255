"""In the place of a file that was not handed in, or cannot be imported."""


class AdamW:
    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError
