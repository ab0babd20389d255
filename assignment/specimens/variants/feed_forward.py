"""Honest ways to write feed_forward; `assignment/specimens/__init__.py` has the format."""


# === clamp: clamps at zero
def forward(self, x):
    hidden = self.up(x).clamp(min=0.0)
    return self.down(self.dropout(hidden))


# === dropout_before: drops before the threshold, where it comes to the same
def forward(self, x):
    x = self.up(x)
    x = self.dropout(x)
    x = torch.relu(x)
    x = self.down(x)
    return x


# === products: multiplies by the weights itself
def forward(self, x):
    h = torch.matmul(x, self.up.weight.t()) + self.up.bias
    h = h * (h > 0)
    h = F.dropout(h, p=self.dropout.p, training=self.training)
    return torch.einsum("btf,cf->btc", h, self.down.weight) + self.down.bias
