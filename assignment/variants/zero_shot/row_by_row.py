# strips each row of its padding and its loose end, and asks for it alone
def forward(self, input_ids, mask=None):
    import math

    all_scores = []
    for row in range(len(input_ids)):
        if mask is None:
            prompt = input_ids[row].tolist()
        else:
            prompt = input_ids[row][mask[row]].tolist()
        n = len(self.loose_end)
        if n > 0 and prompt[-n:] == list(self.loose_end):
            prompt = prompt[:-n]
        row_scores = []
        for label in self.label_name_ids:
            score = 0.0
            for j in range(len(label)):
                text = torch.tensor([prompt + list(label[:j])], device=input_ids.device)
                logits, _ = self.llama(text)
                probabilities = F.softmax(logits[0, -1].double(), dim=-1)
                score += math.log(probabilities[label[j]].item())
            row_scores.append(score)
        all_scores.append(row_scores)
    return torch.tensor(all_scores, device=input_ids.device)
