# goes through a list of norm and part
def forward(self, x, context=None):
    sublayers = [
        (self.attention_norm, lambda n: self.attention(n, context)),
        (self.ffn_norm, self.feed_forward),
    ]
    for norm, part in sublayers:
        x = part(norm(x)) + x
    return x
