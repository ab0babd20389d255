# does not hand the context on, so that padding is seen and a cache ignored
def forward(self, x, context=None):
    h = x + self.attention(self.attention_norm(x))
    return h + self.feed_forward(self.ffn_norm(h))
