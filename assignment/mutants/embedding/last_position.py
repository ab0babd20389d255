# takes the last position, which may be padding
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)[:, -1]
    return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
