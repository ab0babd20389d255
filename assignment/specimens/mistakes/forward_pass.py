"""Classic mistakes in forward_pass; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, tokens, targets=None, *, mask=None, cache=None):
    B, T = tokens.shape
    context = attention_context(self.config, B, T, tokens.device, mask, cache)
    h = self.tok_embeddings(tokens)
    h = self.dropout(h)
    for layer in self.layers:
        h = layer(h, context)
    h = self.norm(h)
    wanted = h
    if targets is None:
        wanted = last_real_states(h, mask)[:, None]
    logits = self.output(wanted)
    return logits, h


# === all_positions: returns the logits of all positions whether or not there are targets
# - if targets is None:
# -     wanted = last_real_states(h, mask)[:, None]

# === targets_ignored: returns the logits of the last position alone whether or not there are targets
# - if targets is None:
# -     wanted = last_real_states(h, mask)[:, None]
# + wanted = last_real_states(h, mask)[:, None]

# === targets_turned_round: returns all logits without targets, and the last alone with them
# - if targets is None:
# + if targets is not None:

# === last_column: takes the last position of every row, padding or not
# - wanted = last_real_states(h, mask)[:, None]
# + wanted = h[:, -1:]

# === as_many_as_are_real: takes the position that the number of real tokens says, which is wrong with padding on the left
# - wanted = last_real_states(h, mask)[:, None]
# + ends = torch.full((B,), T - 1) if mask is None else mask.sum(dim=1) - 1
# + wanted = h[torch.arange(B), ends][:, None]

# === first_position: takes the first position for the last
# - wanted = last_real_states(h, mask)[:, None]
# + wanted = h[:, :1]

# === flat_logits: returns (B, V) without targets instead of (B, 1, V)
# - wanted = last_real_states(h, mask)[:, None]
# + wanted = last_real_states(h, mask)

# === last_states_alone: returns the state of the last position alone instead of all of them
# - wanted = last_real_states(h, mask)[:, None]
# + h = wanted = last_real_states(h, mask)[:, None]

# === cache_forgotten: makes a context without the cache, so that older tokens are not seen
# - context = attention_context(self.config, B, T, tokens.device, mask, cache)
# + context = attention_context(self.config, B, T, tokens.device, mask)

# === mask_forgotten: makes a context without the mask, so that padding is seen
# - context = attention_context(self.config, B, T, tokens.device, mask, cache)
# + context = attention_context(self.config, B, T, tokens.device, None, cache)

# === mask_and_cache_forgotten: makes a context without mask and cache
# - context = attention_context(self.config, B, T, tokens.device, mask, cache)
# + context = attention_context(self.config, B, T, tokens.device)

# === context_forgotten: does not hand the context to the layers
# - h = layer(h, context)
# + h = layer(h)

# === context_for_each_layer: makes a new context in every layer, each of which takes slots of the cache
# - h = layer(h, context)
# + h = layer(h, attention_context(self.config, B, T, tokens.device, mask, cache))

# === mask_for_the_context: hands the mask to the layers instead of the context
# - h = layer(h, context)
# + h = layer(h, mask)

# === dropout_forgotten: leaves out the dropout after the embedding
# - h = self.dropout(h)

# === dropout_always: drops in eval mode as well
# - h = self.dropout(h)
# + h = F.dropout(h, self.dropout.p)

# === dropout_of_the_result: applies the dropout after the norm, not after the embedding
# - h = self.dropout(h)
# - for layer in self.layers:
# + for layer in self.layers:
# - h = self.norm(h)
# + h = self.dropout(self.norm(h))

# === embedding_scaled: multiplies the embeddings by the root of C, as the first Transformer does
# - h = self.tok_embeddings(tokens)
# + h = self.tok_embeddings(tokens) * self.config.dim**0.5

# === tied_in_every_model: predicts with the embeddings instead of `output`, which may be another matrix
# - logits = self.output(wanted)
# + logits = wanted @ self.tok_embeddings.weight.T

# === every_layer_reads_the_embedding: gives the embeddings to every layer, so that only the last one counts
# - h = self.tok_embeddings(tokens)
# - h = self.dropout(h)
# - for layer in self.layers:
# -     h = layer(h, context)
# + embedded = self.dropout(self.tok_embeddings(tokens))
# + for layer in self.layers:
# +     h = layer(embedded, context)

# === layer_results_lost: runs the layers and does nothing with what they return
# - h = layer(h, context)
# + layer(h, context)

# === layers_added_again: adds to the stream what a layer returns, which holds it already
# - h = layer(h, context)
# + h = h + layer(h, context)

# === one_layer: runs the first layer alone
# - h = layer(h, context)
# + h = layer(h, context)
# + break

# === layers_backwards: runs the layers from the last to the first
# - for layer in self.layers:
# + for layer in reversed(self.layers):

# === norm_forgotten: leaves out the last norm
# - h = self.norm(h)

# === norm_in_every_layer: normalises after every layer instead of once at the end
# - h = layer(h, context)
# - h = self.norm(h)
# + h = self.norm(layer(h, context))

# === norm_before_the_layers: normalises the embeddings, and not what comes of the layers
# - h = self.dropout(h)
# + h = self.norm(self.dropout(h))
# - h = self.norm(h)

# === norm_for_the_logits_alone: normalises for the logits, and returns the states as they were
# - h = self.norm(h)
# - wanted = h
# + wanted = h
# - logits = self.output(wanted)
# + logits = self.output(self.norm(wanted))

# === norm_twice: normalises the states once more for the logits
# - logits = self.output(wanted)
# + logits = self.output(self.norm(wanted))

# === probabilities: returns probabilities instead of logits
# - logits = self.output(wanted)
# + logits = self.output(wanted).softmax(dim=-1)

# === log_probabilities: returns log-probabilities instead of logits
# - logits = self.output(wanted)
# + logits = self.output(wanted).log_softmax(dim=-1)

# === logits_alone: returns the logits alone, without the hidden states
# - return logits, h
# + return logits

# === order_of_the_results: returns the hidden states first and the logits second
# - return logits, h
# + return h, logits

# === returns_a_loss: returns a loss in the place of the logits where there are targets
# - logits = self.output(wanted)
# + logits = self.output(wanted)
# + if targets is not None:
# +     logits = F.cross_entropy(logits.flatten(0, 1), targets.flatten())

# === returns_nothing: returns nothing
# - return logits, h
