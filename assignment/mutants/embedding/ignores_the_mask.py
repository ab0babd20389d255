# does not give the mask to the model
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids), mask)
    return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
