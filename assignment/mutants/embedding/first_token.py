# takes the first position, which has seen nothing
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)[:, 0]
    return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
