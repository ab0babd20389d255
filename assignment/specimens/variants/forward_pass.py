"""Honest ways to write forward_pass; `assignment/specimens/__init__.py` has the format."""


# === all_then_pick: predicts everywhere, then picks the last real position of each row by an index
def forward(self, tokens, targets=None, *, mask=None, cache=None):
    batch_size, seqlen = tokens.shape
    context = attention_context(
        self.config, batch_size, seqlen, device=tokens.device, mask=mask, cache=cache
    )
    h = self.dropout(self.tok_embeddings(tokens))
    for i in range(len(self.layers)):
        h = self.layers[i](x=h, context=context)
    h = self.norm(h)
    logits = self.output(h)
    if targets is None:
        if mask is None:
            last = torch.full((batch_size,), seqlen - 1, device=tokens.device)
        else:
            last = (torch.arange(seqlen, device=tokens.device) * mask).argmax(dim=1)
        logits = logits[torch.arange(batch_size, device=tokens.device), last].unsqueeze(1)
    return logits, h


# === gather: gathers the last real state, and looks the embeddings up by F.embedding
def forward(self, tokens, targets=None, *, mask=None, cache=None):
    B, T = tokens.shape
    context = attention_context(self.config, B, T, tokens.device, mask, cache)
    stream = F.embedding(tokens, self.tok_embeddings.weight)
    stream = F.dropout(stream, self.dropout.p, self.training)
    for layer in self.layers:
        stream = layer(stream, context)
    states = self.norm(stream)
    if targets is not None:
        wanted = states
    else:
        real = torch.ones_like(tokens) if mask is None else mask.long()
        place = (real.cumsum(dim=1) * real).argmax(dim=1).view(B, 1, 1)
        wanted = states.gather(1, place.expand(B, 1, states.shape[-1]))
    return F.linear(wanted, self.output.weight), states


# === reduce: folds the layers, and selects row by row
def forward(self, tokens, targets=None, *, mask=None, cache=None):
    from functools import reduce

    context = attention_context(self.config, *tokens.shape, tokens.device, mask, cache)
    start = self.dropout(self.tok_embeddings(tokens))
    h = self.norm(reduce(lambda x, layer: layer(x, context), self.layers, start))
    if targets is not None:
        return self.output(h), h
    rows = []
    for i in range(len(tokens)):
        real = range(tokens.shape[1]) if mask is None else mask[i].nonzero().flatten().tolist()
        rows.append(h[i, max(real)])
    return self.output(torch.stack(rows)[:, None, :]), h
