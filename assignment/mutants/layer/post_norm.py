# normalises after each part instead of before (post-norm, the original Transformer)
def forward(self, x, context=None):
    h = self.attention_norm(x + self.attention(x, context))
    return self.ffn_norm(h + self.feed_forward(h))
