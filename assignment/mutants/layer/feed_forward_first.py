# runs the feed-forward before the attention
def forward(self, x, context=None):
    h = x + self.feed_forward(self.ffn_norm(x))
    return h + self.attention(self.attention_norm(h), context)
