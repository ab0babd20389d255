"""Classic mistakes in embedding; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
    return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)


# === dropout_twice: applies the dropout twice
# - return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
# + return F.log_softmax(self.classifier_head(self.dropout(self.dropout(h))), dim=-1)

# === first_token: takes the first position, which has seen nothing
# - h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
# + h = self.llama.hidden_states(input_ids, mask)[:, 0]

# === ignores_the_mask: does not give the mask to the model
# - h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
# + h = last_real_states(self.llama.hidden_states(input_ids), mask)

# === last_position: takes the last position, which may be padding
# - h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
# + h = self.llama.hidden_states(input_ids, mask)[:, -1]

# === logits: returns logits without the log-softmax
# - return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
# + return self.classifier_head(self.dropout(h))

# === mean_of_all: averages over all positions, padding included
# - h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
# + h = self.llama.hidden_states(input_ids, mask).mean(dim=1)

# === probabilities: returns probabilities without the logarithm
# - return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
# + return F.softmax(self.classifier_head(self.dropout(h)), dim=-1)

# === softmax_over_batch: takes the softmax over the batch instead of the classes
# - return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
# + return F.log_softmax(self.classifier_head(self.dropout(h)), dim=0)

# === without_dropout: leaves the dropout out
# - return F.log_softmax(self.classifier_head(self.dropout(h)), dim=-1)
# + return F.log_softmax(self.classifier_head(h), dim=-1)
