# reads prompt and pieces again for each piece, without the cache
def forward(self, input_ids, mask=None):
    if mask is None:
        mask = torch.ones(input_ids.shape, dtype=torch.bool, device=input_ids.device)
    mask = mask & ~self.is_loose_end(input_ids, mask)
    columns = []
    for label in self.label_name_ids:
        tokens, real = input_ids, mask
        total = 0.0
        for piece in label:
            logits, _ = self.llama(tokens, mask=real)
            total = total + torch.log_softmax(logits[:, -1], dim=-1)[:, piece]
            tokens = torch.cat([tokens, torch.full_like(tokens[:, :1], piece)], dim=1)
            real = torch.cat([real, torch.ones_like(real[:, :1])], dim=1)
        columns.append(total)
    return torch.stack(columns, dim=-1)
