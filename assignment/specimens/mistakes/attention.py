"""Classic mistakes in attention; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1)
    scores = scores / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = F.softmax(scores, dim=-1)
    weights = self.attn_dropout(weights)
    return weights @ value


# === adds_the_mask: adds the mask itself to the scores, which raises what is visible by 1
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores + mask

# === another_attribute: asks for an attribute that Attention does not have (D is query.shape[-1])
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(self.head_dim)

# === another_axes_transposed: exchanges the wrong axes of the keys (the last two are right)
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ key.transpose(1, 2)

# === all_axes_reversed: exchanges the wrong axes of the keys (the last two are right)
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ key.permute(3, 2, 1, 0)

# === another_first_axis_transposed: exchanges the wrong axes of the keys (the last two are right)
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ key.transpose(1, -1)

# === another_matrix_transposed: calls t() on more than two axes (transpose(-2, -1) exchanges the last two)
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ key.t()

# === boolean_of_the_mask: asks whether the mask is true, which many numbers are not together (`is not None`)
# - if mask is not None:
# + if mask:

# === causal_where_unmasked: hides the future where there is no mask, though then all is visible
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + if mask is None:
# +     mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
# + scores = scores.masked_fill(~mask, float("-inf"))

# === column_for_each_query: takes the products of keys with queries: a row for each key, a column for each query
# - scores = query @ key.transpose(-2, -1)
# + scores = key @ query.transpose(-2, -1)

# === doubles_the_softmax: takes the softmax twice
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(F.softmax(scores, dim=-1), dim=-1)

# === dropout_before_softmax: applies the dropout to the scores, before the softmax
# - weights = F.softmax(scores, dim=-1)
# - weights = self.attn_dropout(weights)
# + weights = F.softmax(self.attn_dropout(scores), dim=-1)

# === dropout_in_eval: drops weights in eval mode as well
# - weights = self.attn_dropout(weights)
# + weights = F.dropout(weights, self.attn_dropout.p)

# === dropout_of_its_own: drops weights at a rate of its own instead of self.attn_dropout's
# - weights = self.attn_dropout(weights)
# + weights = F.dropout(weights, 0.1, self.training)

# === dropout_on_the_result: applies the dropout to the values or the result instead of the weights
# - weights = self.attn_dropout(weights)
# - return weights @ value
# + return self.attn_dropout(weights @ value)

# === dropout_on_the_values: applies the dropout to the values or the result instead of the weights
# - weights = self.attn_dropout(weights)
# - return weights @ value
# + return weights @ self.attn_dropout(value)

# === dropout_rate_by_default: drops weights at torch's default rate of 0.5, in eval mode as well
# - weights = self.attn_dropout(weights)
# + weights = F.dropout(weights)

# === dropout_twice: applies the dropout twice
# - weights = self.attn_dropout(weights)
# + weights = self.attn_dropout(self.attn_dropout(weights))

# === dropout_without_scale: drops weights without raising the others by 1 / (1 - p)
# - weights = self.attn_dropout(weights)
# + if self.training:
# +     weights = weights * (torch.rand(weights.shape) >= self.attn_dropout.p)

# === element_by_element: multiplies queries and keys element by element instead of taking dot products
# - scores = query @ key.transpose(-2, -1)
# + scores = query * key

# === exp_without_the_sum: takes exp of the scores without dividing by its sum
# - weights = F.softmax(scores, dim=-1)
# + weights = scores.exp()

# === fills_with_inf: sets masked scores to +inf instead of -inf
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, float("inf"))

# === fills_with_nan: multiplies -inf by the mask, or visible scores by it, and 0 * -inf is NaN
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores + ~mask * float("-inf")

# === fused_is_causal: calls the fused attention with is_causal and without the mask, and without the dropout
# - scores = query @ key.transpose(-2, -1)
# - scores = scores / math.sqrt(query.shape[-1])
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# - weights = F.softmax(scores, dim=-1)
# - weights = self.attn_dropout(weights)
# - return weights @ value
# + return F.scaled_dot_product_attention(query, key, value, is_causal=True)

# === fused_plain: leaves out mask and dropout, as the fused attention does where it is given neither
# - if mask is not None:
# + if False:
# - weights = self.attn_dropout(weights)

# === greatest_alone: takes the greatest score alone (a hard maximum) instead of a softmax
# - weights = F.softmax(scores, dim=-1)
# + weights = F.one_hot(scores.argmax(dim=-1), scores.shape[-1]).to(value.dtype)

# === heads_joined: joins the heads to (B, T, H * D), which forward does
# - return weights @ value
# + return (weights @ value).transpose(1, 2).flatten(2)

# === heads_second: returns (B, T, H, D) instead of (B, H, T, D); forward exchanges these axes
# - return weights @ value
# + return (weights @ value).transpose(1, 2)

# === ignores_the_mask: leaves out the mask, or does not keep the result of masked_fill: a token sees the future
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))

# === inverted_mask: takes the mask the wrong way round: True is where a query may attend
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(mask, float("-inf"))

# === keys_for_queries: takes the dot products of keys with keys
# - scores = query @ key.transpose(-2, -1)
# + scores = key @ key.transpose(-2, -1)

# === keys_for_values: sums the keys instead of the values
# - return weights @ value
# + return weights @ key

# === log_softmax: takes the logarithm of the softmax as weights
# - weights = F.softmax(scores, dim=-1)
# + weights = F.log_softmax(scores, dim=-1)

# === mask_after_softmax: masks the weights after the softmax, so that they no longer sum to one
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=-1)
# + if mask is not None:
# +     weights = weights * mask

# === mask_after_softmax_inf: sets weights to -inf after the softmax instead of scores before it
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=-1)
# + if mask is not None:
# +     weights = weights.masked_fill(~mask, float("-inf"))

# === mask_as_an_index: takes the mask as an index into the scores, where it has fewer axes than these
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores[~mask] = float("-inf")

# === mask_negated: subtracts or negates a boolean mask, which torch refuses (~mask inverts it)
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(1 - mask, float("-inf"))

# === mask_negated_minus: subtracts or negates a boolean mask, which torch refuses (~mask inverts it)
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(-mask, float("-inf"))

# === mask_of_the_first_text: gives all texts the mask of the first
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~(mask[:1] if mask.ndim == 4 else mask), float("-inf"))

# === mask_transposed: transposes the mask, so that a token sees the future and not the past
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~torch.ones_like(scores, dtype=torch.bool).logical_and(mask).mT, float("-inf"))

# === mask_with_an_axis_more: gives the mask axes that it does not need (it broadcasts as it is)
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask.unsqueeze(1), float("-inf"))

# === mask_with_axes_for_padding: gives the mask axes that it does not need (it broadcasts as it is)
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask[:, None, None], float("-inf"))

# === mask_with_two_axes_more: gives every mask two axes more, those that have four already included
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask[None, None], float("-inf"))

# === mask_with_two_axes_more_in_front: gives the mask axes that it does not need (it broadcasts as it is)
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask[:, :, None, None], float("-inf"))

# === masked_scores_one: sets masked scores to 1 instead of -inf
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, 1.0)

# === masked_scores_minus_one: sets masked scores to -1 instead of -inf
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, -1.0)

# === masked_scores_zero: sets masked scores to about 0 (or multiplies by the mask) instead of -inf, and exp(0) is 1
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, 0.0)

# === multiplies_by_the_root: multiplies by sqrt(D) instead of dividing
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores * math.sqrt(query.shape[-1])

# === multiplies_by_the_inverted_mask: multiplies the scores by the mask turned round
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores * ~mask

# === no_mask_unexpected: does not expect that mask may be None
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, float("-inf"))

# === no_mask_unexpected_add: does not expect that mask may be None
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + inverse = torch.zeros(()).to(scores.dtype) if mask is None else torch.where(mask, 0.0, float("-inf"))
# + scores = scores + (mask if mask is None else inverse)

# === no_mask_unexpected_compare: does not expect that mask may be None
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(mask == 0, float("-inf"))

# === no_mask_unexpected_method: does not expect that mask may be None
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(mask.logical_not(), float("-inf"))

# === no_mask_unexpected_where: does not expect that mask may be None
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + scores = torch.where(mask, scores, float("-inf"))

# === no_softmax: weights the values with the scores themselves, without a softmax
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, 0.0)
# - weights = F.softmax(scores, dim=-1)
# + weights = scores

# === no_softmax_inf: weights the values with the scores themselves, -inf included, without a softmax
# - weights = F.softmax(scores, dim=-1)
# + weights = scores

# === normalised_by_the_sum: divides the scores by their sum instead of taking a softmax
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, 0.0)
# - weights = F.softmax(scores, dim=-1)
# + weights = scores / scores.sum(dim=-1, keepdim=True)

# === own_causal_mask: builds a causal mask of its own, which is wrong where a cache makes S exceed T
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
# + scores = scores.masked_fill(~mask, float("-inf"))

# === own_causal_mask_as_well: adds a causal mask of its own to the one that it is given
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + own = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
# + scores = scores.masked_fill(~(own if mask is None else own & mask), float("-inf"))

# === own_causal_mask_by_T: builds a causal mask of T by T, which does not fit where a cache makes S exceed T
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + T = query.shape[2]
# + scores = scores.masked_fill(~torch.ones(T, T, dtype=torch.bool).tril(), float("-inf"))

# === own_causal_mask_offset: builds a causal mask of its own and ignores the one that it is given
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + T, S = scores.shape[-2:]
# + mask = torch.ones(T, S, dtype=torch.bool).tril(S - T)
# + scores = scores.masked_fill(~mask, float("-inf"))

# === queries_for_keys: takes the dot products of queries with queries
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ query.transpose(-2, -1)

# === queries_for_values: sums the queries instead of the values
# - return weights @ value
# + return weights @ query

# === returns_a_tuple: returns a tuple, of which the attended values should stand alone
# - return weights @ value
# + return weights @ value, weights

# === returns_nothing: returns nothing
# - return weights @ value
# + weights @ value

# === returns_the_scores: returns the scores; the attended values are wanted, whatever the name says
# - weights = F.softmax(scores, dim=-1)
# - weights = self.attn_dropout(weights)
# - return weights @ value
# + return scores

# === returns_the_weights: returns the weights instead of the weighted sum of the values
# - return weights @ value
# + return weights

# === scale_after_softmax: divides by sqrt(D) after the softmax instead of before
# - return weights @ value
# + return weights @ value / math.sqrt(query.shape[-1])
# - scores = scores / math.sqrt(query.shape[-1])

# === scale_by_batch: divides by the root of the number of texts instead of D
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(query.shape[0])

# === scale_by_head_dim: divides by D instead of its root
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / query.shape[-1]

# === scale_by_heads: divides by the root of the number of heads instead of D
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(query.shape[1])

# === scale_by_model_dim: divides by the root of H * D instead of D
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(query.shape[-1] * query.shape[1])

# === scale_by_S: divides by the root of the number of keys instead of D
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(key.shape[-2])

# === scale_by_T: divides by the root of the number of queries instead of D
# - scores = scores / math.sqrt(query.shape[-1])
# + scores = scores / math.sqrt(query.shape[-2])

# === sigmoid: takes a sigmoid instead of a softmax
# - weights = F.softmax(scores, dim=-1)
# + weights = torch.sigmoid(scores)

# === softmax_before_scale: scales the weights after the softmax instead of the scores, and takes the softmax again
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(F.softmax(scores, dim=-1) / math.sqrt(query.shape[-1]), dim=-1)
# - scores = scores / math.sqrt(query.shape[-1])

# === softmax_over_batch: takes the softmax over the texts of the batch instead of the keys
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=0)

# === softmax_over_everything: takes one softmax over queries and keys together
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores.flatten(-2), dim=-1).view_as(scores)

# === softmax_over_heads: takes the softmax over the heads instead of the keys (axis 1, as torch does without dim)
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=1)

# === softmax_over_queries: takes the softmax over the queries instead of the keys
# - weights = F.softmax(scores, dim=-1)
# + weights = F.softmax(scores, dim=-2)

# === softmin: takes the softmax of the negative scores
# - if mask is not None:
# + scores = -scores
# + if mask is not None:

# === untransposed_keys: does not transpose the keys
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ key

# === values_first: multiplies the values by the weights from the wrong side
# - return weights @ value
# + return value @ weights

# === values_for_keys: takes the dot products of queries with values
# - scores = query @ key.transpose(-2, -1)
# + scores = query @ value.transpose(-2, -1)

# === weights_transposed: transposes the weights before it sums the values
# - return weights @ value
# + return weights.transpose(-2, -1) @ value

# === without_dropout: never applies self.attn_dropout
# - weights = self.attn_dropout(weights)

# === without_scale: does not divide by sqrt(D)
# - scores = scores / math.sqrt(query.shape[-1])

# === mask_with_gradients_only: forgets the mask where no gradients are recorded (torch.no_grad)
# - if mask is not None:
# + if mask is not None and torch.is_grad_enabled():

# === mask_in_training_only: forgets the mask in eval mode
# - if mask is not None:
# + if mask is not None and self.training:
