"""Classic mistakes in heads; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x, context=None):
    B, T, C = x.shape
    D = self.config.head_dim
    if context is None:
        context = attention_context(self.config, B, T, x.device)
    query = self.compute_query(x).view(B, T, -1, D)
    key = self.compute_key(x).view(B, T, -1, D)
    value = self.compute_value(x).view(B, T, -1, D)
    theta = self.config.rope_theta
    positions, scaling = context.positions, self.config.rope_scaling
    query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
    if context.cache is not None:
        key, value = context.cache.update(self.layer_id, key, value)
    key = key.repeat_interleave(self.n_rep, dim=2)
    value = value.repeat_interleave(self.n_rep, dim=2)
    q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
    attended = self.compute_query_key_value_scores(q, k, v, context.visible)
    joined = attended.transpose(1, 2).reshape(B, T, -1)
    return self.resid_dropout(self.compute_output(joined))


# === another_theta: leaves theta and the scaling out, so that RoPE turns by its default base
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, positions=positions)

# === theta_left_out: leaves theta out, so that RoPE turns by its default base
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, positions=positions, scaling=scaling)

# === cached_before_rope: puts the keys into the cache before RoPE has turned them
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# - if context.cache is not None:
# -     key, value = context.cache.update(self.layer_id, key, value)
# + if context.cache is not None:
# +     old, value = context.cache.update(self.layer_id, key, value)
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + if context.cache is not None:
# +     key = torch.cat((old[:, :-T], key), dim=1)

# === cache_keeps_the_new: uses the cache, and attends to the new keys and values alone
# - key, value = context.cache.update(self.layer_id, key, value)
# + context.cache.update(self.layer_id, key, value)
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# + visible = context.visible if context.visible is None else context.visible[..., -T:]
# + attended = self.compute_query_key_value_scores(q, k, v, visible)

# === cache_forgotten: does nothing with the cache, so that there are fewer keys than the mask is for
# - if context.cache is not None:
# -     key, value = context.cache.update(self.layer_id, key, value)

# === one_layers_cache: puts the keys of every layer into the first layer's place in the cache
# - key, value = context.cache.update(self.layer_id, key, value)
# + key, value = context.cache.update(0, key, value)

# === cached_after_repeating: repeats the heads before they go into the cache, which has room for KV of them
# - if context.cache is not None:
# -     key, value = context.cache.update(self.layer_id, key, value)
# - key = key.repeat_interleave(self.n_rep, dim=2)
# - value = value.repeat_interleave(self.n_rep, dim=2)
# + key = key.repeat_interleave(self.n_rep, dim=2)
# + value = value.repeat_interleave(self.n_rep, dim=2)
# + if context.cache is not None:
# +     key, value = context.cache.update(self.layer_id, key, value)

# === context_needed: cannot do without a context
# - if context is None:
# -     context = attention_context(self.config, B, T, x.device)

# === unmasked_without_a_context: attends to everything where there is no context, later tokens as well
# - context = attention_context(self.config, B, T, x.device)
# + context = AttentionContext(None, None, None)

# === dropout_forgotten: leaves out resid_dropout
# - return self.resid_dropout(self.compute_output(joined))
# + return self.compute_output(joined)

# === other_dropout: applies attn_dropout to the result in the place of resid_dropout
# - return self.resid_dropout(self.compute_output(joined))
# + return self.attn_dropout(self.compute_output(joined))

# === dropout_before_the_projection: applies resid_dropout before compute_output, not after it
# - return self.resid_dropout(self.compute_output(joined))
# + return self.compute_output(self.resid_dropout(joined))

# === dropout_always: drops in eval mode as well
# - return self.resid_dropout(self.compute_output(joined))
# + return F.dropout(self.compute_output(joined), self.resid_dropout.p)

# === heads_by_view: cuts the projection into (B, heads, T, D) at once, which mixes tokens and heads
# - query = self.compute_query(x).view(B, T, -1, D)
# - key = self.compute_key(x).view(B, T, -1, D)
# - value = self.compute_value(x).view(B, T, -1, D)
# + query = self.compute_query(x).view(B, -1, T, D).transpose(1, 2)
# + key = self.compute_key(x).view(B, -1, T, D).transpose(1, 2)
# + value = self.compute_value(x).view(B, -1, T, D).transpose(1, 2)

# === heads_joined_across_tokens: joins the heads without exchanging heads and tokens back
# - joined = attended.transpose(1, 2).reshape(B, T, -1)
# + joined = attended.reshape(B, T, -1)

# === features_before_heads: joins the heads with their features interleaved: the first of each head, then the second
# - joined = attended.transpose(1, 2).reshape(B, T, -1)
# + joined = attended.permute(0, 2, 3, 1).reshape(B, T, -1)

# === features_cut_first: cuts the projection as (D, heads) and not as (heads, D)
# - query = self.compute_query(x).view(B, T, -1, D)
# - key = self.compute_key(x).view(B, T, -1, D)
# - value = self.compute_value(x).view(B, T, -1, D)
# + query = self.compute_query(x).view(B, T, D, -1).transpose(2, 3)
# + key = self.compute_key(x).view(B, T, D, -1).transpose(2, 3)
# + value = self.compute_value(x).view(B, T, D, -1).transpose(2, 3)

# === heads_beside_tokens: hands the formula (B, T, H, D), so that the heads of one token attend to one another
# - q, k, v = query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2)
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# - joined = attended.transpose(1, 2).reshape(B, T, -1)
# + joined = self.compute_query_key_value_scores(query, key, value).reshape(B, T, -1)

# === joined_to_the_models_width: joins the heads to C features, which those of this model are more than
# - joined = attended.transpose(1, 2).reshape(B, T, -1)
# + joined = attended.transpose(1, 2).reshape(B, T, C)

# === width_of_a_head: takes C / H for the width of a head instead of config.head_dim
# - D = self.config.head_dim
# + D = self.config.dim // self.config.n_heads

# === key_from_query: computes the keys with the projection of the queries
# - key = self.compute_key(x).view(B, T, -1, D)
# + key = self.compute_query(x).view(B, T, -1, D)[:, :, : self.config.n_kv_heads]

# === value_from_key: takes the keys for the values as well
# - value = self.compute_value(x).view(B, T, -1, D)
# + value = self.compute_key(x).view(B, T, -1, D)

# === keys_and_values_exchanged: exchanges keys and values
# - key = self.compute_key(x).view(B, T, -1, D)
# - value = self.compute_value(x).view(B, T, -1, D)
# + key = self.compute_value(x).view(B, T, -1, D)
# + value = self.compute_key(x).view(B, T, -1, D)

# === mask_ignored: does not hand on what is visible
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# + attended = self.compute_query_key_value_scores(q, k, v)

# === mask_turned_round: hands on what is not visible
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# + hidden = None if context.visible is None else ~context.visible
# + attended = self.compute_query_key_value_scores(q, k, v, hidden)

# === own_triangle: makes a causal mask of its own, which knows nothing of padding, cache or a bidirectional model
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# + triangle = torch.ones(T, k.shape[2], dtype=torch.bool).tril()
# + attended = self.compute_query_key_value_scores(q, k, v, triangle)

# === no_heads_repeated: does not repeat the key/value heads
# - key = key.repeat_interleave(self.n_rep, dim=2)
# - value = value.repeat_interleave(self.n_rep, dim=2)

# === output_projection_forgotten: leaves out compute_output
# - return self.resid_dropout(self.compute_output(joined))
# + return self.resid_dropout(joined)

# === positions_ignored: does not hand on the positions, so that every call and every row begins at 0
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, None, scaling)

# === repeat_for_repeat_interleave: repeats the row of key/value heads (0 1 0 1) instead of each head (0 0 1 1)
# - key = key.repeat_interleave(self.n_rep, dim=2)
# - value = value.repeat_interleave(self.n_rep, dim=2)
# + key = key.repeat(1, 1, self.n_rep, 1)
# + value = value.repeat(1, 1, self.n_rep, 1)

# === keys_repeated_otherwise: repeats the row of key heads (0 1 0 1), and each value head (0 0 1 1)
# - key = key.repeat_interleave(self.n_rep, dim=2)
# + key = key.repeat(1, 1, self.n_rep, 1)

# === values_repeated_otherwise: repeats each key head (0 0 1 1), and the row of value heads (0 1 0 1)
# - value = value.repeat_interleave(self.n_rep, dim=2)
# + value = value.repeat(1, 1, self.n_rep, 1)

# === tokens_repeated: repeats tokens instead of heads
# - key = key.repeat_interleave(self.n_rep, dim=2)
# - value = value.repeat_interleave(self.n_rep, dim=2)
# + key = key.repeat_interleave(self.n_rep, dim=1)
# + value = value.repeat_interleave(self.n_rep, dim=1)

# === rope_after_exchange: applies RoPE when heads stand before tokens, so that it takes heads for positions
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, key = apply_rotary_emb(
# +     query.transpose(1, 2), key.transpose(1, 2), D, self.config.max_seq_len, theta, positions, scaling
# + )
# + query, key = query.transpose(1, 2), key.transpose(1, 2)

# === rope_forgotten: leaves RoPE out
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)

# === rope_forgotten_on_keys: turns the queries and leaves the keys as they are
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, _ = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)

# === rope_forgotten_on_queries: turns the keys and leaves the queries as they are
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + _, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)

# === rope_on_values: turns the values as well
# - if context.cache is not None:
# + _, value = apply_rotary_emb(
# +     query, value, D, self.config.max_seq_len, theta, positions, scaling
# + )
# + if context.cache is not None:

# === rope_twice: turns queries and keys twice
# - if context.cache is not None:
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + if context.cache is not None:

# === returned_results_lost: calls RoPE and does nothing with what it returns, as if it turned in place
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)

# === scaling_forgotten: does not hand on the scaling of RoPE, which some checkpoints have
# - query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions, scaling)
# + query, key = apply_rotary_emb(query, key, D, self.config.max_seq_len, theta, positions)

# === scaled_twice: divides the queries by the root of D, which the formula does as well
# - attended = self.compute_query_key_value_scores(q, k, v, context.visible)
# + attended = self.compute_query_key_value_scores(q / math.sqrt(D), k, v, context.visible)

# === residual_added: adds x to the result, which the layer does
# - return self.resid_dropout(self.compute_output(joined))
# + return x + self.resid_dropout(self.compute_output(joined))

# === returns_nothing: returns nothing
# - return self.resid_dropout(self.compute_output(joined))
# + self.resid_dropout(self.compute_output(joined))

# === returns_the_cache: returns a tuple, of which the result should stand alone
# - return self.resid_dropout(self.compute_output(joined))
# + return self.resid_dropout(self.compute_output(joined)), (key, value)
