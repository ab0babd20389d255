# leaves out the residual connections
def forward(self, x, context=None):
    h = self.attention(self.attention_norm(x), context)
    return self.feed_forward(self.ffn_norm(h))
