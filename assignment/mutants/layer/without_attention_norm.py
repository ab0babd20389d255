# does not normalise before the attention
def forward(self, x, context=None):
    h = x + self.attention(x, context)
    return h + self.feed_forward(self.ffn_norm(h))
