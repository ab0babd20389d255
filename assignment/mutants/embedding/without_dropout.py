# leaves the dropout out
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
    return F.log_softmax(self.classifier_head(h), dim=-1)
