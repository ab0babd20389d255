# multiplies with a one-hot row in place of an index, and takes the logarithm by hand
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    later = mask.flip(1).cumsum(1).flip(1)  # real tokens from here to the end
    chosen = (mask & (later == 1)).to(h.dtype)
    state = torch.einsum("bt,btc->bc", chosen, h.masked_fill(~mask[..., None], 0))
    logits = self.dropout(state) @ self.classifier_head.weight.T + self.classifier_head.bias
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()
