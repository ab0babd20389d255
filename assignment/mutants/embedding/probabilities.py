# returns probabilities without the logarithm
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
    return F.softmax(self.classifier_head(self.dropout(h)), dim=-1)
