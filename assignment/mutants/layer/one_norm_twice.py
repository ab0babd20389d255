# uses attention_norm before the feed-forward as well
def forward(self, x, context=None):
    h = x + self.attention(self.attention_norm(x), context)
    return h + self.feed_forward(self.attention_norm(h))
