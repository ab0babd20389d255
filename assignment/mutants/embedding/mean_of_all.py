# averages over all positions, padding included
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask).mean(dim=1)
    return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
