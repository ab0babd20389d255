"""What the modes read by default; `external.toml` says where it comes from, `setup/` brings it."""

from pathlib import Path

# The checkpoint that stands in for the course's own; setup/prepare.py makes it.
STAND_IN = Path(__file__).parent / "SmolLM2-135M-Instruct.pt"

# The reviews that stand in for the course's, and what labels mean.
SNIPPETS = Path(__file__).parent / "snippets-{split}.txt"
LABEL_NAMES = {
    name: Path(__file__).parent / f"{name}-label-mapping.json" for name in ("sst", "cfimdb")
}
BIBLE = Path(__file__).parent / "bible.txt"  # a corpus: chapters, each with END behind it
END = "<|endoftext|>"  # of a document in a text file, as GPT-2 has it
NAMES = Path(__file__).parent / "names.txt"  # first names, one a line
# Silhouettes of ten animals, as they came; vision/sources.py reads them.
ANIMAL_PIXELS = Path(__file__).parent / "animal_data_version_3.gz"
ANIMAL_LABELS = Path(__file__).parent / "animal_label_version_3.gz"
