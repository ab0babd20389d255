"""Classic mistakes in layer; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x, context=None):
    h = x + self.attention(self.attention_norm(x), context)
    return h + self.feed_forward(self.ffn_norm(h))


# === drops_context: does not hand the context on, so that padding is seen and a cache ignored
# - h = x + self.attention(self.attention_norm(x), context)
# + h = x + self.attention(self.attention_norm(x))


# === feed_forward_first: runs the feed-forward before the attention
def forward(self, x, context=None):
    h = x + self.feed_forward(self.ffn_norm(x))
    return h + self.attention(self.attention_norm(h), context)


# === one_norm_twice: uses attention_norm before the feed-forward as well
# - return h + self.feed_forward(self.ffn_norm(h))
# + return h + self.feed_forward(self.attention_norm(h))


# === parallel: runs attention and feed-forward side by side on the same input
def forward(self, x, context=None):
    return x + self.attention(self.attention_norm(x), context) + self.feed_forward(self.ffn_norm(x))


# === post_norm: normalises after each part instead of before (post-norm, the original Transformer)
def forward(self, x, context=None):
    h = self.attention_norm(x + self.attention(x, context))
    return self.ffn_norm(h + self.feed_forward(h))


# === residual_from_norm: adds to the normalised copy instead of to the stream itself
def forward(self, x, context=None):
    x = self.attention_norm(x)
    h = x + self.attention(x, context)
    normed = self.ffn_norm(h)
    return normed + self.feed_forward(normed)


# === second_residual_from_input: adds the feed-forward to the input and loses the attention
# - return h + self.feed_forward(self.ffn_norm(h))
# + return x + self.feed_forward(self.ffn_norm(h))

# === without_attention_norm: does not normalise before the attention
# - h = x + self.attention(self.attention_norm(x), context)
# + h = x + self.attention(x, context)

# === without_ffn_norm: does not normalise before the feed-forward
# - return h + self.feed_forward(self.ffn_norm(h))
# + return h + self.feed_forward(h)


# === without_residual: leaves out the residual connections
def forward(self, x, context=None):
    h = self.attention(self.attention_norm(x), context)
    return self.feed_forward(self.ffn_norm(h))
