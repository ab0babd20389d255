# turns the mask round and looks for its first True
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    from_the_right = torch.argmax(torch.flip(mask, dims=[1]).to(torch.int64), dim=1)
    h = torch.flip(h, dims=[1])[torch.arange(h.size(0)), from_the_right]
    z = self.classifier_head(self.dropout(h))
    return z - torch.logsumexp(z, dim=-1, keepdim=True)
