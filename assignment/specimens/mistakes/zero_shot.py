"""Classic mistakes in zero_shot; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    scores = []
    for pieces in self.label_name_ids:
        score = torch.zeros(len(input_ids))
        for n, piece in enumerate(pieces):
            score = score + self.next_token(prompt, pieces[:n])[:, piece]
        scores.append(score)
    return torch.stack(scores, dim=1)


# === all_pieces_at_once: scores all pieces of a label at the position after the prompt
# - score = score + self.next_token(prompt, pieces[:n])[:, piece]
# + score = score + self.next_token(prompt, [])[:, piece]

# === first_piece_only: scores the first piece of each label alone
# - score = score + self.next_token(prompt, pieces[:n])[:, piece]
# + score = score + (self.next_token(prompt, [])[:, piece] if n == 0 else 0)

# === ignores_the_mask: ignores the mask and reads padding
# - prompt = self.read_prompt(input_ids, mask)
# + prompt = self.read_prompt(input_ids, None)

# === mean_of_pieces: averages over the pieces of a label instead of summing
# - scores.append(score)
# + scores.append(score / len(pieces))

# === normalised_over_labels: normalises over the labels, which is asked for nowhere
# - return torch.stack(scores, dim=1)
# + return F.log_softmax(torch.stack(scores, dim=1), dim=-1)

# === one_piece_back: scores each piece before the one in front of it is read
# - score = score + self.next_token(prompt, pieces[:n])[:, piece]
# + score = score + self.next_token(prompt, pieces[: max(0, n - 1)])[:, piece]

# === sum_of_probabilities: sums probabilities instead of their logarithms
# - score = score + self.next_token(prompt, pieces[:n])[:, piece]
# + score = score + self.next_token(prompt, pieces[:n])[:, piece].exp()
