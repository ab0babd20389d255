"""Honest ways to write layer; `assignment/specimens/__init__.py` has the format."""


# === in_place: adds in place to what each part returns, which nobody else holds
def forward(self, x, context=None):
    stream = self.attention(self.attention_norm(x), context).clone()
    stream += x
    out = self.feed_forward(self.ffn_norm(stream)).clone()
    out += stream
    return out


# === keyword_context: hands the context on by its name, and adds with torch.add
def forward(self, x, context=None):
    x = torch.add(x, self.attention(x=self.attention_norm(x), context=context))
    return torch.add(x, self.feed_forward(self.ffn_norm(x)))


# === loop_over_parts: goes through a list of norm and part
def forward(self, x, context=None):
    sublayers = [
        (self.attention_norm, lambda n: self.attention(n, context)),
        (self.ffn_norm, self.feed_forward),
    ]
    for norm, part in sublayers:
        x = part(norm(x)) + x
    return x


# === step_by_step: names every intermediate, as the course's recipe lists them
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


# === sum_of_three: adds input, attention and feed-forward at the end
def forward(self, x, context=None):
    attended = self.attention.forward(self.attention_norm.forward(x), context)
    fed = self.feed_forward.forward(self.ffn_norm.forward(attended + x))
    return torch.stack((x, attended, fed)).sum(dim=0)
