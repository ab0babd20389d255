# adds input, attention and feed-forward at the end
def forward(self, x, context=None):
    attended = self.attention.forward(self.attention_norm.forward(x), context)
    fed = self.feed_forward.forward(self.ffn_norm.forward(attended + x))
    return torch.stack((x, attended, fed)).sum(dim=0)
