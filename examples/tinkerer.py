"""For a tinkerer: a checkpoint of one's own, from a path to text, faster, and saved anew.

Without arguments it takes the stand-in that set-up has prepared. Run it in the project's folder:

    .venv/bin/python -m examples.tinkerer path/to/model.gguf out/own.pt
"""

import sys

from loading import choose_checkpoint, generate, load, save, stream_text


def main() -> None:
    path, _ = choose_checkpoint(sys.argv[1] if len(sys.argv) > 1 else None)
    model, tokenizer = load(path)
    print(model.footprint())
    texts = generate(model, tokenizer, ["Water boils at", "The sky is"], 16, temperature=0)
    print(*texts, sep="\n")

    fast = load(path, engine="fast")[0]  # the same text, sooner, a piece at a time
    start = "Once upon a time"
    print(start, end="")
    for piece in stream_text(fast, tokenizer, start, 24, temperature=0.8, seed=1):
        print(piece, end="", flush=True)

    out = sys.argv[2] if len(sys.argv) > 2 else "out/own.pt"
    save(model, tokenizer, out)  # the course's format, the tokenizer beside it
    print(f"\nwrote {out}")


if __name__ == "__main__":
    main()
