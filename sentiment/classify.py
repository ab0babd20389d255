"""--option classify: a trained classifier at work. A review in, a label and its probability out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from tqdm import tqdm

from sentiment.trained import ReviewClassifier

AT_ONCE = 64  # reviews of a file that are classified together


def run_classify(
    classifier: ReviewClassifier, reviews: Iterable[str], at_once: int, *, every: bool = False
) -> None:
    """Print label, probability and review, tabs between them, in a line for each.

    Args:
        at_once: reviews that are classified together; whoever waits for an answer wants 1.
        every: print the probability of each label, in their order, and not of the likeliest alone.
    """
    names = classifier.about.label_names
    waiting = iter(reviews)
    done = 0

    def place(row: int) -> str:
        return f"review {done + row + 1}"

    with tqdm(unit="review", leave=False, disable=None if at_once > 1 else True) as bar:
        while part := list(islice(waiting, at_once)):
            for text, row in zip(part, classifier.probabilities(part, place), strict=True):
                shown = row if every else row.max(dim=0, keepdim=True).values
                numbers = "\t".join(f"{p:.3f}" for p in shown.tolist())
                bar.write(f"{names[int(row.argmax())]}\t{numbers}\t{' '.join(text.split())}")
            sys.stdout.flush()
            bar.update(len(part))
            done += len(part)


def read_lines(source: Iterable[bytes], name: str) -> Iterator[str]:
    """The reviews of a file or a pipe, one a line, blank ones left out.

    Raises:
        ValueError: a line is not UTF-8.
    """
    for number, line in enumerate(source, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"{name}, line {number}: not UTF-8 ({error.reason})") from error
        if text:
            yield text
