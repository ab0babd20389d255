"""Classic mistakes in multi_head; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x):
    B, T, C = x.shape
    H, D = self.num_heads, C // self.num_heads
    query = self.query(x).reshape(B, T, H, D).transpose(1, 2)
    key = self.key(x).reshape(B, T, H, D).transpose(1, 2)
    value = self.value(x).reshape(B, T, H, D).transpose(1, 2)
    scores = query @ key.transpose(-2, -1) / math.sqrt(D)
    weights = F.softmax(scores, dim=-1)
    gathered = self.dropout(weights) @ value
    joined = gathered.transpose(1, 2).reshape(B, T, C)
    return self.output(joined), weights


# === causal: lets no patch see a later one, as in a language model
# - weights = F.softmax(scores, dim=-1)
# + later = torch.ones(T, T, dtype=torch.bool).triu(1)
# + weights = F.softmax(scores.masked_fill(later, float("-inf")), dim=-1)

# === divides_after_the_softmax: divides the weights by sqrt(D) instead of the scores
# - scores = query @ key.transpose(-2, -1) / math.sqrt(D)
# - weights = F.softmax(scores, dim=-1)
# + scores = query @ key.transpose(-2, -1)
# + weights = F.softmax(scores, dim=-1) / math.sqrt(D)

# === divides_by_D: divides the scores by D instead of its root
# - scores = query @ key.transpose(-2, -1) / math.sqrt(D)
# + scores = query @ key.transpose(-2, -1) / D

# === divides_by_the_models_width: divides the scores by the root of C, the features of all heads, instead of D
# - scores = query @ key.transpose(-2, -1) / math.sqrt(D)
# + scores = query @ key.transpose(-2, -1) / math.sqrt(C)

# === dropout_in_eval: drops weights in eval mode as well
# - gathered = self.dropout(weights) @ value
# + gathered = F.dropout(weights, self.dropout.p) @ value

# === dropout_on_the_result: drops features of the result instead of weights
# - gathered = self.dropout(weights) @ value
# + gathered = self.dropout(weights @ value)

# === dropout_on_the_scores: drops scores, before the softmax, instead of weights
# - weights = F.softmax(scores, dim=-1)
# - gathered = self.dropout(weights) @ value
# + weights = F.softmax(scores, dim=-1)
# + gathered = F.softmax(self.dropout(scores), dim=-1) @ value

# === heads_by_a_reshape: cuts the heads by a reshape alone, which mixes patches with heads
# - query = self.query(x).reshape(B, T, H, D).transpose(1, 2)
# - key = self.key(x).reshape(B, T, H, D).transpose(1, 2)
# - value = self.value(x).reshape(B, T, H, D).transpose(1, 2)
# + query = self.query(x).reshape(B, H, T, D)
# + key = self.key(x).reshape(B, H, T, D)
# + value = self.value(x).reshape(B, H, T, D)

# === heads_interleaved: gives each head every H-th feature, instead of D neighbours
# - query = self.query(x).reshape(B, T, H, D).transpose(1, 2)
# - key = self.key(x).reshape(B, T, H, D).transpose(1, 2)
# - value = self.value(x).reshape(B, T, H, D).transpose(1, 2)
# + query = self.query(x).reshape(B, T, D, H).permute(0, 3, 1, 2)
# + key = self.key(x).reshape(B, T, D, H).permute(0, 3, 1, 2)
# + value = self.value(x).reshape(B, T, D, H).permute(0, 3, 1, 2)

# === joined_by_a_reshape: joins the heads by a reshape alone, which mixes patches with heads
# - joined = gathered.transpose(1, 2).reshape(B, T, C)
# + joined = gathered.reshape(B, T, C)

# === key_of_the_query: takes the query for the key as well
# - key = self.key(x).reshape(B, T, H, D).transpose(1, 2)
# + key = self.query(x).reshape(B, T, H, D).transpose(1, 2)

# === mean_of_the_heads: returns the mean of the weights over the heads, as torch's module does
# - return self.output(joined), weights
# + return self.output(joined), weights.mean(dim=1)

# === no_weights: returns what is gathered without the weights
# - return self.output(joined), weights
# + return self.output(joined)

# === one_head: takes all features for a single head
# - H, D = self.num_heads, C // self.num_heads
# + H, D = 1, C

# === order_of_results: returns the weights first
# - return self.output(joined), weights
# + return weights, self.output(joined)

# === returns_the_scores: returns the scores instead of the weights
# - return self.output(joined), weights
# + return self.output(joined), scores

# === softmax_over_heads: takes the softmax over the heads
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=1)

# === softmax_over_queries: takes the softmax over the queries instead of the keys
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=-2)

# === value_of_the_key: takes the key for the value as well
# - value = self.value(x).reshape(B, T, H, D).transpose(1, 2)
# + value = self.key(x).reshape(B, T, H, D).transpose(1, 2)

# === weights_after_dropout: returns the weights as dropout has left them
# - gathered = self.dropout(weights) @ value
# + weights = self.dropout(weights)
# + gathered = weights @ value

# === weights_turned: mixes by the weights of the keys, transposed
# - gathered = self.dropout(weights) @ value
# + gathered = self.dropout(weights).transpose(-2, -1) @ value

# === without_dropout: leaves out the dropout
# - gathered = self.dropout(weights) @ value
# + gathered = weights @ value

# === without_projection: leaves out the output projection
# - return self.output(joined), weights
# + return joined, weights

# === without_scale: does not divide the scores by sqrt(D)
# - scores = query @ key.transpose(-2, -1) / math.sqrt(D)
# + scores = query @ key.transpose(-2, -1)

# === without_softmax: takes the scores for weights, without a softmax
# - weights = F.softmax(scores, dim=-1)
# + weights = scores

# === x_for_the_value: weighs x itself instead of the values
# - value = self.value(x).reshape(B, T, H, D).transpose(1, 2)
# + value = x.reshape(B, T, H, D).transpose(1, 2)
