"""Sources of randomness. The numbers are NumPy's, so a seed gives others than in torch."""

from __future__ import annotations

from typing import Any

import numpy as np


class Generator:
    """A source that a seed starts from."""

    def __init__(self, device: Any = None) -> None:
        self.manual_seed(0)

    def manual_seed(self, seed: int) -> Generator:
        """Start from a seed; returns itself."""
        self.source = np.random.default_rng(seed)
        self.seed = seed
        return self

    def initial_seed(self) -> int:
        return self.seed

    def get_state(self) -> dict[str, Any]:
        """Where it stands, to go on from there later."""
        return dict(self.source.bit_generator.state)

    def set_state(self, state: dict[str, Any]) -> None:
        self.source.bit_generator.state = state


DEFAULT = Generator()  # where none is named


def manual_seed(seed: int) -> Generator:
    """Start the default source from a seed."""
    return DEFAULT.manual_seed(seed)
