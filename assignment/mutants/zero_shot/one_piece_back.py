# scores each piece before the one in front of it is read
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    scores = []
    for pieces in self.label_name_ids:
        score = torch.zeros(len(input_ids))
        for n, piece in enumerate(pieces):
            score = score + self.next_token(prompt, pieces[: max(0, n - 1)])[:, piece]
        scores.append(score)
    return torch.stack(scores, dim=1)
