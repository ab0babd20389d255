# reads prompt and label in one pass, with logits at all positions (a causal model allows it)
def forward(self, input_ids, mask=None):
    B, T = input_ids.shape
    if mask is None:
        mask = torch.ones_like(input_ids).bool()
    mask = mask & ~self.is_loose_end(input_ids, mask)
    positions = torch.arange(T, device=input_ids.device)
    last = torch.where(mask, positions, -1).max(dim=1).values  # of the prompt
    scores = torch.zeros(B, len(self.label_name_ids), device=input_ids.device)
    for i, pieces in enumerate(self.label_name_ids):
        label = torch.tensor(pieces, device=input_ids.device).expand(B, -1)
        tokens = torch.cat((input_ids, label[:, :-1]), dim=1)
        real = F.pad(mask, (0, len(pieces) - 1), value=True)
        logits, _ = self.llama(tokens, targets=tokens, mask=real)
        predictions = torch.cat((logits[torch.arange(B), last][:, None], logits[:, T:]), dim=1)
        log_probs = predictions.float().log_softmax(-1)
        scores[:, i] = log_probs.gather(2, label[..., None]).squeeze(2).sum(dim=1)
    return scores
