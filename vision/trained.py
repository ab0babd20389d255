"""What train has trained: its model, and the pictures that it was trained and tested on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from support.files import read_json
from support.settings import filled
from support.tensors import load_tensors
from training.run import finished_run
from vision.pictures import Split, split
from vision.settings import Settings
from vision.sources import read
from vision.task import Normalised, make_model
from vision.train import KIND


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    folder: Path
    settings: Settings
    model: Normalised  # in eval mode
    names: tuple[str, ...]  # of the classes
    side: int  # pixels
    channels: int
    digest: str  # of the pictures that it was trained on

    @classmethod
    def load(cls, run: str | None = None) -> Trained:
        """The newest finished run, or the one that is named.

        Raises:
            ValueError: there is none, or a file of it is damaged.
        """
        folder = finished_run(run, KIND)
        setting, found = read_json(folder / "config.json"), read_json(folder / "metrics.json")
        try:
            digest = setting.pop("pictures")
            settings = filled(Settings(), setting, f"{folder / 'config.json'}: ")
            names, side, channels = tuple(found["names"]), found["side"], found["channels"]
            model = make_model(settings.model, side, channels, len(names))
            weights = load_tensors(folder / "best.pt", "train anew")["model"]
            model.load_state_dict(weights)
        except (KeyError, TypeError, RuntimeError) as error:
            raise ValueError(f"{folder}: damaged ({error}); train anew") from error
        return cls(folder, settings, model.eval(), names, side, channels, digest)

    def pictures(self) -> Split:
        """Its own, divided as they were.

        Raises:
            ValueError: they are not there any more, or have changed.
        """
        found = read(self.settings.data, self.settings.side)
        divided = split(found.train, found.test, self.settings.training.seed)
        if divided.train.digest != self.digest:
            raise ValueError(
                f"{self.settings.data}: has changed since {self.folder} was trained; train anew, "
                "or give other pictures with --data"
            )
        return divided
