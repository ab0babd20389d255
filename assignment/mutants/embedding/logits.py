# returns logits without the log-softmax
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
    return self.classifier_head(self.dropout(h))
