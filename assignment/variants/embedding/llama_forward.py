# takes the second of the two things that the language model returns
def forward(self, input_ids, mask=None):
    _, hidden = self.llama(input_ids, mask=mask)
    pooled = hidden[:, -1, :]
    if mask is not None:
        counts = mask.long().cumsum(dim=1)
        last = (counts * mask).argmax(dim=1)
        pooled = hidden[torch.arange(len(hidden)), last]
    return torch.log_softmax(self.classifier_head(self.dropout(pooled)), dim=1)
