# averages over the pieces of a label instead of summing
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    scores = []
    for pieces in self.label_name_ids:
        score = torch.zeros(len(input_ids))
        for n, piece in enumerate(pieces):
            score = score + self.next_token(prompt, pieces[:n])[:, piece]
        scores.append(score / len(pieces))
    return torch.stack(scores, dim=1)
