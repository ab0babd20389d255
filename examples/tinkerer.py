"""For a tinkerer: a checkpoint of one's own, from a path to text, faster, and on to other tools.

Without an argument it takes the stand-in that set-up has prepared. Run it in the project's folder:

    python -m examples.tinkerer path/to/model.gguf
"""

import sys

from loading import choose_checkpoint, generate, load, save, stream_text

path, _ = choose_checkpoint(sys.argv[1] if len(sys.argv) > 1 else None)
model, tokenizer = load(path)
print(model.footprint())
texts = generate(model, tokenizer, ["Water boils at", "The sky is"], 16, temperature=0)
print(*texts, sep="\n")

fast = load(path, engine="fast")[0]  # the same text, sooner, a piece at a time
for piece in stream_text(fast, tokenizer, "Once upon a time", 24, temperature=0.8, seed=1):
    print(piece, end="", flush=True)
print()

save(model, tokenizer, "out/own.pt")  # the course's format, the tokenizer beside it
