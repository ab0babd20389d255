# adds the feed-forward to the input and loses the attention
def forward(self, x, context=None):
    h = x + self.attention(self.attention_norm(x), context)
    return x + self.feed_forward(self.ffn_norm(h))
