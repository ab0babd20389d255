"""Classic mistakes in zero_shot; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    scores = []
    for pieces in self.label_name_ids:
        score = torch.zeros(len(input_ids), dtype=torch.float64)
        for n, piece in enumerate(pieces):
            log_probs = self.next_token(prompt, pieces[:n])
            score = score + log_probs[:, piece]
        scores.append(score)
    return torch.stack(scores, dim=1)


# === accumulates: carries the score of each label over to the next
# - score = torch.zeros(len(input_ids), dtype=torch.float64)
# + score = scores[-1] if scores else torch.zeros(len(input_ids), dtype=torch.float64)

# === all_pieces_at_once: scores all pieces of a label at the position after the prompt
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, [])

# === all_pieces_at_once_mean: averages over the pieces of a label, all of them at the position after the prompt
# - log_probs = self.next_token(prompt, pieces[:n])
# - score = score + log_probs[:, piece]
# + log_probs = self.next_token(prompt, [])
# + score = score + log_probs[:, piece] / len(pieces)

# === best_label: returns the index of the best label instead of the scores
# - return torch.stack(scores, dim=1)
# + return torch.stack(scores, dim=1).argmax(dim=1)

# === best_label_kept: returns the index of the best label in the place of the scores, as (B, 1)
# - return torch.stack(scores, dim=1)
# + return torch.stack(scores, dim=1).argmax(dim=1, keepdim=True)

# === best_piece: takes the best piece of a label instead of the sum
# - scores.append(score)
# + parts = [self.next_token(prompt, pieces[:n])[:, piece] for n, piece in enumerate(pieces)]
# + scores.append(torch.stack(parts).amax(dim=0))

# === worst_piece: takes the worst piece of a label instead of the sum
# - scores.append(score)
# + parts = [self.next_token(prompt, pieces[:n])[:, piece] for n, piece in enumerate(pieces)]
# + scores.append(torch.stack(parts).amin(dim=0))

# === columns_of_the_label: takes the columns 0, 1, ... of the vocabulary instead of a piece's own (the index in the place of the piece)
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, n]

# === column_of_the_number_of_the_label: takes the column of the label's number in the list instead of its pieces
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, len(scores)]

# === course: is the course's: the model reads without the mask, and all pieces of a label are scored at the last position
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids)
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = F.log_softmax(logits[:, -1], dim=-1)

# === course_with_mask: scores all pieces of a label at the last position, after the space in which the prompt ends
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids, mask=mask)
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = F.log_softmax(logits[:, -1], dim=-1)

# === course_logits: adds the logits of all pieces of a label at the last position, as the model reads without the mask
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids)
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = logits[:, -1]

# === course_first_piece: scores the first piece of each label alone at the last position, as the model reads without the mask
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids)
# - log_probs = self.next_token(prompt, pieces[:n])
# - score = score + log_probs[:, piece]
# + log_probs = F.log_softmax(logits[:, -1], dim=-1)
# + score = score + (log_probs[:, piece] if n == 0 else 0)

# === course_mean: averages over the pieces of a label at the last position, as the model reads without the mask
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids)
# - log_probs = self.next_token(prompt, pieces[:n])
# - score = score + log_probs[:, piece]
# + log_probs = F.log_softmax(logits[:, -1], dim=-1)
# + score = score + log_probs[:, piece] / len(pieces)

# === course_probabilities: sums the probabilities of a label's pieces at the last position, as the model reads without the mask
# - prompt = self.read_prompt(input_ids, mask)
# + logits, _ = self.llama(input_ids)
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = F.softmax(logits[:, -1], dim=-1)

# === keeps_the_loose_end: lets the prompt end in its space (the loose end), which is a part of the label's first piece
# - prompt = self.read_prompt(input_ids, mask)
# + self.loose_end = []
# + prompt = self.read_prompt(input_ids, mask)

# === keeps_the_loose_end_and_ignores_the_mask: ignores the mask, and lets the prompt end in its space (the loose end)
# - prompt = self.read_prompt(input_ids, mask)
# + self.loose_end = []
# + prompt = self.read_prompt(input_ids, None)

# === first_label: returns the score of the first label alone (the return stands too deep)
# - scores.append(score)
# + scores.append(score)
# + return score

# === first_label_kept: returns the score of the first label alone, as (B, 1)
# - return torch.stack(scores, dim=1)
# + return scores[0][:, None]

# === first_piece_only: scores the first piece of each label alone
# - score = score + log_probs[:, piece]
# + score = score + (log_probs[:, piece] if n == 0 else 0)

# === first_row: takes the score of the first prompt for all
# - score = score + log_probs[:, piece]
# + score = score + log_probs[0, piece]

# === ignores_the_mask: ignores the mask and reads padding
# - prompt = self.read_prompt(input_ids, mask)
# + prompt = self.read_prompt(input_ids, None)

# === ignores_the_mask_all_at_once: ignores the mask, and scores all pieces of a label at the position after the prompt
# - prompt = self.read_prompt(input_ids, mask)
# + prompt = self.read_prompt(input_ids, None)
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, [])

# === joined: joins the labels' scores to one long row (cat) instead of stacking them
# - return torch.stack(scores, dim=1)
# + return torch.cat(scores)

# === last_piece_only: scores the last piece of each label alone (or overwrites the score instead of adding to it)
# - score = score + log_probs[:, piece]
# + score = log_probs[:, piece]

# === list_of_scores: returns a list instead of a tensor
# - return torch.stack(scores, dim=1)
# + return scores

# === log_of_the_log: takes the logarithm of what is one already: NaN
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, piece].log()

# === log_of_the_sum: takes the logarithm of the sum of the pieces' probabilities
# - scores.append(score)
# + parts = [self.next_token(prompt, pieces[:n])[:, piece] for n, piece in enumerate(pieces)]
# + scores.append(torch.stack(parts).logsumexp(dim=0))

# === mask_forgotten: calls read_prompt without the mask, which it needs (None where there is none)
# - prompt = self.read_prompt(input_ids, mask)
# + prompt = self.read_prompt(input_ids)

# === mean_of_pieces: averages over the pieces of a label instead of summing
# - scores.append(score)
# + scores.append(score / len(pieces))

# === negated: returns losses, the scores with the other sign
# - return torch.stack(scores, dim=1)
# + return -torch.stack(scores, dim=1)

# === next_piece: scores each piece after it has been read itself, as next_token was given one piece too many
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, pieces[: n + 1])

# === no_result: returns nothing
# - return torch.stack(scores, dim=1)
# + torch.stack(scores, dim=1)

# === normalised_over_labels: normalises over the labels, which is asked for nowhere
# - return torch.stack(scores, dim=1)
# + return F.log_softmax(torch.stack(scores, dim=1), dim=-1)

# === one_for_each_piece: returns a column for each piece instead of each label (the append stands too deep)
# - score = score + log_probs[:, piece]
# - scores.append(score)
# + score = score + log_probs[:, piece]
# + scores.append(score)

# === one_for_each_piece_alone: returns a column for each piece, its own score alone, instead of each label
# - score = score + log_probs[:, piece]
# - scores.append(score)
# + scores.append(log_probs[:, piece])

# === one_piece_back: scores each piece before the one in front of it is read
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, pieces[: max(0, n - 1)])

# === only_the_piece_before: lets next_token read the piece before alone, not all pieces before
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, pieces[max(0, n - 1) : n])

# === piece_before: takes the column of the piece before instead of the piece itself
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, pieces[n - 1]]

# === pieces_reversed: reads the pieces of a label from the last to the first
# - for pieces in self.label_name_ids:
# + for pieces in [list(reversed(pieces)) for pieces in self.label_name_ids]:

# === probabilities: returns probabilities instead of their logarithms
# - return torch.stack(scores, dim=1)
# + return torch.stack(scores, dim=1).exp()

# === probabilities_over_labels: takes a softmax over the labels, which is asked for nowhere
# - return torch.stack(scores, dim=1)
# + return F.softmax(torch.stack(scores, dim=1), dim=-1)

# === product_of_logarithms: multiplies the logarithms of the pieces instead of adding them
# - score = torch.zeros(len(input_ids), dtype=torch.float64)
# + score = torch.ones(len(input_ids), dtype=torch.float64)
# - score = score + log_probs[:, piece]
# + score = score * log_probs[:, piece]

# === row_of_the_piece: takes a piece as an index of the rows instead of the columns
# - score = score + log_probs[:, piece]
# + score = score + log_probs[piece]

# === starts_with_ones: starts the sum of a label with 1 instead of 0
# - score = torch.zeros(len(input_ids), dtype=torch.float64)
# + score = torch.ones(len(input_ids), dtype=torch.float64)

# === sum_of_probabilities: sums probabilities instead of their logarithms
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, piece].exp()

# === sum_over_batch: adds up the scores of all prompts
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, piece].sum()

# === one_number_for_a_label: returns one number for each label, over all prompts together
# - score = torch.zeros(len(input_ids), dtype=torch.float64)
# + score = torch.zeros((), dtype=torch.float64)
# - score = score + log_probs[:, piece]
# + score = score + log_probs[:, piece].sum()
# - return torch.stack(scores, dim=1)
# + return torch.stack(scores)

# === transposed: returns (classes, B) instead of (B, classes)
# - return torch.stack(scores, dim=1)
# + return torch.stack(scores)

# === vocabulary_instead: returns the log-probabilities of the whole vocabulary after the prompt
# - return torch.stack(scores, dim=1)
# + return self.next_token(prompt, [])

# === whole_label_read: lets next_token read the whole label, the piece that it is to score included
# - log_probs = self.next_token(prompt, pieces[:n])
# + log_probs = self.next_token(prompt, pieces)
