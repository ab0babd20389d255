"""Classic mistakes in encoder_layer; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x):
    if self.norm_first:
        h = x + self.dropout(self.attention(self.attention_norm(x))[0])
        return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
    h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
    return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))


# === adds_to_the_norm: adds to the normalised copy instead of the stream, with norm_first
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = self.attention_norm(x)
# + h = h + self.dropout(self.attention(h)[0])
# + h = self.feed_forward_norm(h)
# + return h + self.dropout(self.feed_forward(h))

# === always_first: normalises first in any case
# - if self.norm_first:
# -     h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# -     return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# + return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))

# === always_after: normalises the sum in any case
# - if self.norm_first:
# -     h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# -     return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))

# === changes_its_input: adds to x in place, which is somebody else's
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# + x += self.dropout(self.attention(self.attention_norm(x))[0])
# + h = x

# === dropout_on_the_stream: applies dropout to the sum, and so to the stream itself
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = self.dropout(x + self.attention(self.attention_norm(x))[0])
# + return self.dropout(h + self.feed_forward(self.feed_forward_norm(h)))

# === dropout_once: applies dropout to what attention adds, but not to what the feed-forward network adds
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return h + self.feed_forward(self.feed_forward_norm(h))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.feed_forward_norm(h + self.feed_forward(h))

# === exchanged: has the conditions exchanged, and normalises first where norm_first is False
# - if self.norm_first:
# + if not self.norm_first:

# === feed_forward_first: runs the feed-forward network before attention
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
# + return h + self.dropout(self.attention(self.attention_norm(h))[0])

# === first_row_of_the_result: takes the first picture of what attention returns for the first of two things
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# + h = x + self.dropout(self.attention(self.attention_norm(x))[0][0])

# === normalises_at_the_end: normalises the result too, with norm_first
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return self.feed_forward_norm(h + self.dropout(self.feed_forward(self.feed_forward_norm(h))))

# === norms_exchanged: uses each part's norm for the other part
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = x + self.dropout(self.attention(self.feed_forward_norm(x))[0])
# + return h + self.dropout(self.feed_forward(self.attention_norm(h)))

# === norm_of_the_part: normalises what a part returns, before it is added, where the sum should be normalised
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + h = x + self.attention_norm(self.dropout(self.attention(x)[0]))
# + return h + self.feed_forward_norm(self.dropout(self.feed_forward(h)))

# === one_norm: uses attention's norm for both parts
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return h + self.dropout(self.feed_forward(self.attention_norm(h)))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.attention_norm(h + self.dropout(self.feed_forward(h)))

# === parallel: lets the feed-forward network read x, not what attention has added to it
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return h + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.feed_forward_norm(h + self.dropout(self.feed_forward(x)))

# === returns_nothing: returns nothing
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return None

# === takes_the_pair: adds both things that attention returns, without taking the first
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# + h = x + self.dropout(self.attention(self.attention_norm(x)))

# === without_attention: leaves attention out
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# + h = x
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# + h = self.attention_norm(x)

# === without_dropout: leaves out the dropout
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = x + self.attention(self.attention_norm(x))[0]
# + return h + self.feed_forward(self.feed_forward_norm(h))
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + h = self.attention_norm(x + self.attention(x)[0])
# + return self.feed_forward_norm(h + self.feed_forward(h))

# === without_feed_forward: leaves the feed-forward network out
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return h
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.feed_forward_norm(h)

# === without_norms: leaves both norms out
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = x + self.dropout(self.attention(x)[0])
# + return h + self.dropout(self.feed_forward(h))
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + h = x + self.dropout(self.attention(x)[0])
# + return h + self.dropout(self.feed_forward(h))

# === without_residuals: leaves out the residual connections
# - h = x + self.dropout(self.attention(self.attention_norm(x))[0])
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + h = self.dropout(self.attention(self.attention_norm(x))[0])
# + return self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# - h = self.attention_norm(x + self.dropout(self.attention(x)[0]))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + h = self.attention_norm(self.dropout(self.attention(x)[0]))
# + return self.feed_forward_norm(self.dropout(self.feed_forward(h)))

# === without_the_second_residual: does not add what the feed-forward network returns to the stream, but returns it
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.feed_forward_norm(self.dropout(self.feed_forward(h)))

# === x_for_h: adds what the feed-forward network returns to x, and so forgets what attention added
# - return h + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# + return x + self.dropout(self.feed_forward(self.feed_forward_norm(h)))
# - return self.feed_forward_norm(h + self.dropout(self.feed_forward(h)))
# + return self.feed_forward_norm(x + self.dropout(self.feed_forward(h)))
