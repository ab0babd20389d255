# packs each prompt to the left of each label and takes the cross-entropy of one large batch
def forward(self, input_ids, mask=None):
    ids = self.label_name_ids
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    mask = mask & ~self.is_loose_end(input_ids, mask)
    longest = max(len(pieces) for pieces in ids)
    tokens, reals, targets = [], [], []
    for row, real in zip(input_ids, mask, strict=True):
        prompt = row[real].tolist()
        width = int(mask.sum(dim=1).max()) + longest - 1
        for pieces in ids:
            text = prompt + pieces[:-1]
            wanted = [-100] * (len(prompt) - 1) + pieces
            pad = width - len(text)
            tokens.append(text + [0] * pad)
            reals.append([True] * len(text) + [False] * pad)
            targets.append(wanted + [-100] * pad)
    device = input_ids.device
    tokens, targets = torch.tensor(tokens, device=device), torch.tensor(targets, device=device)
    logits, _ = self.llama(tokens, targets=tokens, mask=torch.tensor(reals, device=device))
    losses = F.cross_entropy(
        logits.float().transpose(1, 2), targets, ignore_index=-100, reduction="none"
    )
    return -losses.sum(dim=1).view(len(input_ids), len(ids))
