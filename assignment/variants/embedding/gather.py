# finds the last real place as the greatest index, and gathers
def forward(self, input_ids, mask=None):
    hidden = self.llama.hidden_states(input_ids, mask)
    B, T, C = hidden.shape
    if mask is None:
        last = torch.full((B,), T - 1, device=input_ids.device)
    else:
        last = (torch.arange(T, device=input_ids.device) * mask).argmax(dim=1)
    state = hidden.gather(1, last.view(B, 1, 1).expand(B, 1, C)).squeeze(1)
    logits = self.classifier_head(self.dropout(state))
    return F.log_softmax(logits, dim=-1)
