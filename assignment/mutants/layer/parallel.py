# runs attention and feed-forward side by side on the same input
def forward(self, x, context=None):
    return x + self.attention(self.attention_norm(x), context) + self.feed_forward(self.ffn_norm(x))
