"""Honest ways to write encoder_layer; `assignment/specimens/__init__.py` has the format."""


# === loop: says for both parts at once what is done with a part
def forward(self, x):
    parts = [
        (lambda y: self.attention(y)[0], self.attention_norm),
        (self.feed_forward, self.feed_forward_norm),
    ]
    for part, norm in parts:
        if self.norm_first:
            x = x + self.dropout(part(norm(x)))
        else:
            x = norm(x + self.dropout(part(x)))
    return x


# === step_by_step: a line for each step
def forward(self, x):
    residual = x
    if self.norm_first:
        x = self.attention_norm(x)
    x, attention_weights = self.attention(x)
    x = self.dropout(x)
    x = residual + x
    if not self.norm_first:
        x = self.attention_norm(x)

    residual = x
    if self.norm_first:
        x = self.feed_forward_norm(x)
    x = self.feed_forward(x)
    x = self.dropout(x)
    x = residual + x
    if not self.norm_first:
        x = self.feed_forward_norm(x)
    return x


# === torch_add: uses functions, and the dropout's rate
def forward(self, x):
    drop = lambda y: F.dropout(y, self.dropout.p, self.training)
    if not self.norm_first:
        attended, _ = self.attention(x)
        x = self.attention_norm(torch.add(x, drop(attended)))
        return self.feed_forward_norm(torch.add(x, drop(self.feed_forward(x))))
    attended, _ = self.attention(self.attention_norm(x))
    x = torch.add(x, drop(attended))
    return torch.add(x, drop(self.feed_forward(self.feed_forward_norm(x))))
