"""Classic mistakes in embedding; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)
    state = last_real_states(h, mask)
    logits = self.classifier_head(self.dropout(state))
    return F.log_softmax(logits, dim=-1)


# === another_argument: calls the model with an argument that it does not know (the mask is its second one)
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama.hidden_states(input_ids, attention_mask=mask)

# === best_class: returns the index of the best class instead of log-probabilities
# - return F.log_softmax(logits, dim=-1)
# + return logits.argmax(dim=-1)

# === both_of_the_model: takes the pair that the model returns for one tensor
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama(input_ids, mask=mask)
# + state = h[:, -1]

# === both_of_the_model_given_on: takes the pair that the model returns for one tensor
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama(input_ids, mask=mask)

# === course: is the course's: the model reads without the mask, and the last position counts, which may be padding
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama.hidden_states(input_ids)
# + state = h[:, -1]

# === dropout_in_eval: applies the dropout in eval mode as well
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(F.dropout(state, self.dropout.p))

# === dropout_of_its_own: applies a dropout at a rate of its own instead of self.dropout
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(F.dropout(state, 0.1, self.training))

# === dropout_rate_by_default: applies a dropout at torch's default rate of 0.5, in eval mode as well
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(F.dropout(state))

# === dropout_of_logits: applies the dropout to the logits instead of the state
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.dropout(self.classifier_head(state))

# === dropout_twice: applies the dropout twice
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(self.dropout(self.dropout(state)))

# === embeddings_alone: takes the token's embedding, without the layers of the model
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama.tok_embeddings(input_ids)

# === first_real: takes the first real token, which has seen nothing
# - state = last_real_states(h, mask)
# + first = 0 if mask is None else mask.int().argmax(dim=1)
# + state = h[torch.arange(len(h)), first]

# === first_token: takes the first position, which has seen nothing
# - state = last_real_states(h, mask)
# + state = h[:, 0]


# === greatest: takes the greatest of each feature over all positions (max pooling)
# - state = last_real_states(h, mask)
# + state = h.amax(dim=1)

# === greatest_of_real: takes the greatest of each feature over the real tokens (max pooling)
# - state = last_real_states(h, mask)
# + state = (h if mask is None else h.masked_fill(~mask[..., None], float("-inf"))).amax(dim=1)

# === head_for_each_position: returns log-probabilities for each position instead of each text
# - state = last_real_states(h, mask)
# + state = h

# === ignores_the_mask: does not give the mask to the model (forward takes it by its name: the second argument is targets)
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama.hidden_states(input_ids)

# === inverted_mask: gives the model a mask that is True where it should be False
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama.hidden_states(input_ids, None if mask is None else ~mask)

# === last_of_the_mask_inverted: takes the last token that is padding
# - state = last_real_states(h, mask)
# + state = last_real_states(h, None if mask is None else ~mask)

# === last_position: takes the last position, which may be padding
# - state = last_real_states(h, mask)
# + state = h[:, -1]

# === log_of_the_log: takes the logarithm twice: NaN
# - return F.log_softmax(logits, dim=-1)
# + return F.log_softmax(logits, dim=-1).log()

# === log_of_logits: takes the logarithm of the logits without a softmax
# - return F.log_softmax(logits, dim=-1)
# + return logits.log()

# === log_sigmoid: takes the logarithm of a sigmoid of each class, which do not sum to one
# - return F.log_softmax(logits, dim=-1)
# + return F.logsigmoid(logits)

# === logits: returns logits without the log-softmax
# - return F.log_softmax(logits, dim=-1)
# + return logits

# === logits_of_the_model: takes the model's logits of the vocabulary for its hidden states
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama(input_ids, mask=mask)[0]
# + state = h[:, -1]

# === logits_of_the_model_at_all: takes the model's logits of the vocabulary for its hidden states
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama(input_ids, targets=input_ids, mask=mask)[0]

# === mask_as_numbers: gives the model a mask of numbers, which is to be boolean
# - h = self.llama.hidden_states(input_ids, mask)
# + h = self.llama.hidden_states(input_ids, None if mask is None else mask.long())

# === mask_of_every_position: takes the states of all real tokens (h[mask]) instead of the last of each row
# - state = last_real_states(h, mask)
# + state = h[:, -1] if mask is None else h[mask]

# === mean_of_all: averages over all positions, padding included
# - state = last_real_states(h, mask)
# + state = h.mean(dim=1)

# === mean_of_all_without_mask: averages over all positions, padding included, and the model reads without the mask
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama.hidden_states(input_ids)
# + state = h.mean(dim=1)

# === mean_of_real: averages over the real tokens instead of taking the last
# - state = last_real_states(h, mask)
# + w = torch.ones_like(h[..., 0]) if mask is None else mask.to(h.dtype)
# + state = (h * w[..., None]).sum(dim=1) / w.sum(dim=1, keepdim=True)

# === mean_of_real_without_mask: averages over the real tokens instead of taking the last, and the model reads without the mask
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama.hidden_states(input_ids)
# + w = torch.ones_like(h[..., 0]) if mask is None else mask.to(h.dtype)
# + state = (h * w[..., None]).sum(dim=1) / w.sum(dim=1, keepdim=True)

# === needs_a_mask: counts the real tokens to find the last, which is wrong with padding on the left, and does not expect that mask may be None
# - state = last_real_states(h, mask)
# + state = h[torch.arange(len(h)), mask.sum(dim=1) - 1]

# === needs_a_mask_only: does not expect that mask may be None
# - state = last_real_states(h, mask)
# + last = mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1)
# + state = h[torch.arange(len(h)), last]

# === negated: returns losses, the log-probabilities with the other sign
# - return F.log_softmax(logits, dim=-1)
# + return -F.log_softmax(logits, dim=-1)

# === no_result: returns nothing
# - return F.log_softmax(logits, dim=-1)
# + F.log_softmax(logits, dim=-1)

# === pooler: puts a tanh between state and head, as BERT's pooler has
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(self.dropout(torch.tanh(state)))

# === probabilities: returns probabilities without the logarithm
# - return F.log_softmax(logits, dim=-1)
# + return F.softmax(logits, dim=-1)

# === relu: puts a ReLU between state and head
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(self.dropout(F.relu(state)))

# === row_0_last: takes the last real token of the first row for all rows
# - state = last_real_states(h, mask)
# + last = -1 if mask is None else int(mask[0].nonzero().max())
# + state = h[:, last]

# === second_last: takes the token before the last real one
# - state = last_real_states(h, mask)
# + last = torch.full((len(h),), h.shape[1] - 1) if mask is None else mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1)
# + state = h[torch.arange(len(h)), last - 1]

# === sigmoid: returns a sigmoid of each logit instead of a log-softmax
# - return F.log_softmax(logits, dim=-1)
# + return torch.sigmoid(logits)

# === softmax_over_batch: takes the softmax over the batch instead of the classes
# - return F.log_softmax(logits, dim=-1)
# + return F.log_softmax(logits, dim=0)

# === softmax_twice: takes the log-softmax of a softmax
# - return F.log_softmax(logits, dim=-1)
# + return F.log_softmax(F.softmax(logits, dim=-1), dim=-1)

# === sum_minus_1: counts the real tokens to find the last, which is wrong with padding on the left
# - state = last_real_states(h, mask)
# + last = torch.full((len(h),), h.shape[1] - 1) if mask is None else mask.sum(dim=1) - 1
# + state = h[torch.arange(len(h)), last]

# === sum_minus_1_without_mask: counts the real tokens to find the last, and does not give the mask to the model
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama.hidden_states(input_ids)
# + last = torch.full((len(h),), h.shape[1] - 1) if mask is None else mask.sum(dim=1) - 1
# + state = h[torch.arange(len(h)), last]

# === needs_a_mask_without_mask: counts the real tokens to find the last, does not give the mask to the model, and does not expect None
# - h = self.llama.hidden_states(input_ids, mask)
# - state = last_real_states(h, mask)
# + h = self.llama.hidden_states(input_ids)
# + state = h[torch.arange(len(h)), mask.sum(dim=1) - 1]

# === sum_of_all: adds up all positions, padding included
# - state = last_real_states(h, mask)
# + state = h.sum(dim=1)

# === sum_of_real: adds up the states of the real tokens instead of taking the last
# - state = last_real_states(h, mask)
# + state = (h if mask is None else h * mask[..., None]).sum(dim=1)

# === token_after_the_last: takes the place after the last real token (sum without - 1), which a full row does not have
# - state = last_real_states(h, mask)
# + last = torch.full((len(h),), h.shape[1] - 1) if mask is None else mask.sum(dim=1)
# + state = h[torch.arange(len(h)), last]

# === without_dropout: leaves the dropout out
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.classifier_head(state)

# === without_bias: leaves out the head's bias
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.dropout(state) @ self.classifier_head.weight.T

# === without_head: returns the state without the head
# - logits = self.classifier_head(self.dropout(state))
# + logits = self.dropout(state)
