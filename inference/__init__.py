"""The fast twin of the taught model: the same arithmetic, packed for a processor.

`Decoder` takes a `Llama` and does what it does, faster: its `generate`, `stream` and `forward` have
the same arguments and give the same results, in float32 up to rounding.
"""

from inference.decoder import Decoder

__all__ = ["Decoder"]
