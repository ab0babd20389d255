# looks for the last real token row by row
def forward(self, input_ids, mask=None):
    hidden_states = self.llama.hidden_states(input_ids, mask)
    picked = []
    for i in range(input_ids.shape[0]):
        if mask is None:
            j = input_ids.shape[1] - 1
        else:
            j = -1
            for k in range(input_ids.shape[1]):
                if mask[i, k]:
                    j = k
        picked.append(hidden_states[i, j])
    pooled = torch.stack(picked)
    # dropout, classifier head, log-softmax
    pooled = self.dropout(pooled)
    logits = self.classifier_head(pooled)
    return nn.LogSoftmax(dim=1)(logits)
