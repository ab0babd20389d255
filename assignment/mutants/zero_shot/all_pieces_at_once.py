# scores all pieces of a label at the position after the prompt
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    scores = []
    for pieces in self.label_name_ids:
        score = torch.zeros(len(input_ids))
        for n, piece in enumerate(pieces):
            score = score + self.next_token(prompt, [])[:, piece]
        scores.append(score)
    return torch.stack(scores, dim=1)
