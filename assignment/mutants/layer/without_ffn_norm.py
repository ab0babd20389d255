# does not normalise before the feed-forward
def forward(self, x, context=None):
    h = x + self.attention(self.attention_norm(x), context)
    return h + self.feed_forward(h)
