"""Classic mistakes in layer; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x, context=None):
    normed = self.attention_norm(x)
    attended = self.attention(normed, context)
    h = x + attended
    normed_h = self.ffn_norm(h)
    return h + self.feed_forward(normed_h)


# === another_part: asks for a part that a LlamaLayer does not have
# - normed = self.attention_norm(x)
# + normed = self.attn_norm(x)

# === attention_only: leaves the feed-forward out
# - return h + self.feed_forward(normed_h)
# + return h

# === attention_twice: runs the attention in the place of the feed-forward
# - return h + self.feed_forward(normed_h)
# + return h + self.attention(normed_h, context)


# === context_attribute: asks the context for something that it does not have; it is to be handed on as it is
# - attended = self.attention(normed, context)
# + attended = self.attention(normed, context.mask)

# === context_for_the_feed_forward: gives the context to the feed-forward as well, which takes none
# - return h + self.feed_forward(normed_h)
# + return h + self.feed_forward(normed_h, context)

# === context_taken_apart: hands on a part of the context (as context.visible) instead of the context
# - attended = self.attention(normed, context)
# + attended = self.attention(normed, context.visible)

# === drops_context: does not hand the context on, so that padding is seen and a cache ignored
# - attended = self.attention(normed, context)
# + attended = self.attention(normed)

# === drops_context_and_adds_to_the_norm: does not hand the context on, and adds the attention to the normalised copy
# - attended = self.attention(normed, context)
# - h = x + attended
# + attended = self.attention(normed)
# + h = normed + attended

# === drops_context_and_is_parallel: does not hand the context on, and runs attention and feed-forward side by side
# - attended = self.attention(normed, context)
# + attended = self.attention(normed)
# - normed_h = self.ffn_norm(h)
# + normed_h = self.ffn_norm(x)

# === drops_context_and_residuals: does not hand the context on, and leaves out the residual connections
# - attended = self.attention(normed, context)
# - h = x + attended
# + attended = self.attention(normed)
# + h = attended
# - return h + self.feed_forward(normed_h)
# + return self.feed_forward(normed_h)


# === drops_context_post_norm: does not hand the context on, and normalises after each part instead of before
def forward(self, x, context=None):
    h = self.attention_norm(x + self.attention(x))
    return self.ffn_norm(h + self.feed_forward(h))


# === feed_forward_first: runs the feed-forward before the attention
def forward(self, x, context=None):
    h = x + self.feed_forward(self.ffn_norm(x))
    return h + self.attention(self.attention_norm(h), context)


# === feed_forward_only: leaves the attention out
# - h = x + attended
# + h = x

# === feed_forward_twice: runs the feed-forward in the place of the attention
# - attended = self.attention(normed, context)
# + attended = self.feed_forward(normed)

# === feeds_the_attention_alone: feeds the attention's result to the feed-forward, without the stream
# - normed_h = self.ffn_norm(h)
# + normed_h = self.ffn_norm(attended)

# === feeds_the_first_norm: feeds the normalised input to the feed-forward, as the attention (GPT-J's block)
# - normed_h = self.ffn_norm(h)
# + normed_h = normed

# === first_residual_from_norm: adds the attention to the normalised copy, and the rest is right
# - h = x + attended
# + h = normed + attended

# === first_text: takes the first of what the attention returns, which is the first text of the batch
# - h = x + attended
# + h = x + attended[0]

# === norm_of_the_result: normalises the result of the layer as well
# - return h + self.feed_forward(normed_h)
# + return self.ffn_norm(h + self.feed_forward(normed_h))

# === norms_of_results: normalises what each part returns instead of what it reads
# - attended = self.attention(normed, context)
# + attended = self.attention_norm(self.attention(x, context))
# - return h + self.feed_forward(normed_h)
# + return h + self.ffn_norm(self.feed_forward(h))

# === norms_twice: normalises what each part returns as well as what it reads
# - attended = self.attention(normed, context)
# + attended = self.attention_norm(self.attention(normed, context))
# - return h + self.feed_forward(normed_h)
# + return h + self.ffn_norm(self.feed_forward(normed_h))

# === one_norm_twice: uses attention_norm before the feed-forward as well
# - normed_h = self.ffn_norm(h)
# + normed_h = self.attention_norm(h)

# === other_norm_twice: uses ffn_norm before the attention as well
# - normed = self.attention_norm(x)
# + normed = self.ffn_norm(x)

# === parallel: runs attention and feed-forward side by side on the same input
# - normed_h = self.ffn_norm(h)
# + normed_h = self.ffn_norm(x)


# === post_norm: normalises after each part instead of before (post-norm, the original Transformer)
def forward(self, x, context=None):
    h = self.attention_norm(x + self.attention(x, context))
    return self.ffn_norm(h + self.feed_forward(h))


# === pre_and_post_norm: normalises each sum as well as what each part reads
def forward(self, x, context=None):
    h = self.attention_norm(x + self.attention(self.attention_norm(x), context))
    return self.ffn_norm(h + self.feed_forward(self.ffn_norm(h)))


# === query_key_value: hands three tensors to the attention, which takes one and makes queries, keys and values itself
# - attended = self.attention(normed, context)
# + attended = self.attention(normed, normed, normed, context)

# === residual_from_norm: adds to the normalised copy instead of to the stream itself
# - h = x + attended
# + h = normed + attended
# - return h + self.feed_forward(normed_h)
# + return normed_h + self.feed_forward(normed_h)

# === residual_multiplied: multiplies the stream by what the attention has found instead of adding it
# - h = x + attended
# + h = x * attended

# === residual_subtracted: subtracts what the attention has found
# - h = x + attended
# + h = x - attended

# === residual_twice: adds the input again at the end, which the sum already holds
# - return h + self.feed_forward(normed_h)
# + return x + h + self.feed_forward(normed_h)

# === returns_nothing: returns nothing
# - return h + self.feed_forward(normed_h)
# + h + self.feed_forward(normed_h)

# === returns_a_tuple: returns a tuple, of which the stream should stand alone
# - return h + self.feed_forward(normed_h)
# + return h + self.feed_forward(normed_h), context

# === second_residual_from_attention: adds the feed-forward to the attention's result and loses the input
# - return h + self.feed_forward(normed_h)
# + return attended + self.feed_forward(normed_h)

# === second_residual_from_input: adds the feed-forward to the input and loses the attention
# - return h + self.feed_forward(normed_h)
# + return x + self.feed_forward(normed_h)

# === second_residual_from_norm: adds the feed-forward to the normalised copy of the sum, and the rest is right
# - return h + self.feed_forward(normed_h)
# + return normed_h + self.feed_forward(normed_h)

# === swapped_norms: exchanges the two norms
# - normed = self.attention_norm(x)
# + normed = self.ffn_norm(x)
# - normed_h = self.ffn_norm(h)
# + normed_h = self.attention_norm(h)

# === without_attention_norm: does not normalise before the attention
# - attended = self.attention(normed, context)
# + attended = self.attention(x, context)

# === without_ffn_norm: does not normalise before the feed-forward
# - return h + self.feed_forward(normed_h)
# + return h + self.feed_forward(h)

# === without_first_residual: leaves out the residual connection around the attention
# - h = x + attended
# + h = attended

# === without_norms: does not normalise at all
# - attended = self.attention(normed, context)
# + attended = self.attention(x, context)
# - return h + self.feed_forward(normed_h)
# + return h + self.feed_forward(h)

# === without_norms_and_residuals: neither normalises nor adds to the stream
# - attended = self.attention(normed, context)
# - h = x + attended
# + h = self.attention(x, context)
# - return h + self.feed_forward(normed_h)
# + return self.feed_forward(h)

# === without_residual: leaves out the residual connections
# - h = x + attended
# + h = attended
# - return h + self.feed_forward(normed_h)
# + return self.feed_forward(normed_h)

# === without_second_residual: leaves out the residual connection around the feed-forward
# - return h + self.feed_forward(normed_h)
# + return self.feed_forward(normed_h)

# === doubled: adds the sum twice at the end (h + h)
# - return h + self.feed_forward(normed_h)
# + return h + h + self.feed_forward(normed_h)

# === feed_forward_of_both: feeds the sum of the input and the normalised sum to the feed-forward
# - return h + self.feed_forward(normed_h)
# + return h + self.feed_forward(x + normed_h)

# === normed_twice: normalises the input twice, by attention_norm and ffn_norm
# - attended = self.attention(normed, context)
# + attended = self.attention(self.ffn_norm(normed), context)

# === norm_added_at_the_end: adds the normalised input at the end as well
# - return h + self.feed_forward(normed_h)
# + return h + normed_h + self.feed_forward(normed_h)
