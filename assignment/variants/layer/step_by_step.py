# names every intermediate, as the course's recipe lists them
def forward(self, x, context=None):
    # 1) layer normalization of the input (via Root Mean Square layer normalization)
    normed = self.attention_norm(x)
    # 2) self-attention on the layer-normalized input
    attention_out = self.attention(normed, context)
    # 3) a residual connection
    residual = x + attention_out
    # 4) layer normalization on the output of the self-attention
    normed_residual = self.ffn_norm(residual)
    # 5) a feed-forward network on the layer-normalized output
    feed_forward_out = self.feed_forward(normed_residual)
    # 6) add a residual connection
    output = residual + feed_forward_out
    return output
