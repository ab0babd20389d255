# adds to the normalised copy instead of to the stream itself
def forward(self, x, context=None):
    x = self.attention_norm(x)
    h = x + self.attention(x, context)
    normed = self.ffn_norm(h)
    return normed + self.feed_forward(normed)
