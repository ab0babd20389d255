"""For a learner: watch what one of your functions does, before any check tells you.

Rotate the same query at a few positions and look at what changes (nothing but the angle of each
pair), then let the recorded cases of the task judge it. Run it in the project's folder, or in a
handout that holds a copy of this one:

    .venv/bin/python -m examples.learner
"""

import torch

from assignment.checks import check_task
from rope import apply_rotary_emb


def main() -> None:
    head = torch.tensor([1.0, 0.0, 1.0, 0.0])  # (D,): two pairs, both (1, 0)
    query = head.expand(1, 4, 1, 4)  # (B, T, H, D)
    rotated, _ = apply_rotary_emb(query, query, head_dim=4, max_seq_len=8)
    for position, pairs in enumerate(rotated[0, :, 0].unflatten(-1, (2, 2))):
        degrees = torch.atan2(pairs[:, 1], pairs[:, 0]).rad2deg().tolist()
        lengths = pairs.norm(dim=-1).tolist()
        print("position {}: {:6.1f} and {:4.1f} degrees,".format(position, *degrees), end=" ")
        print("lengths {:.3f} and {:.3f}".format(*lengths))

    check_task("rope")  # raises an AssertionError that says what is wrong, where, and why
    print("the recorded cases of the task rope pass")


if __name__ == "__main__":
    main()
