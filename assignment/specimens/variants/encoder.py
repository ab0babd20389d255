"""Honest ways to write encoder; `assignment/specimens/__init__.py` has the format."""


# === head_first: gives logits for each patch, and takes the mean of these, which is the same
def forward(self, pictures):
    x = self.dropout(self.positions(self.embedding(pictures)))
    for layer in self.layers:
        x = layer(x)
    return torch.mean(self.head(self.norm(x)), dim=1)


# === reduce: folds the layers
def forward(self, pictures):
    from functools import reduce

    start = self.dropout(self.positions(self.embedding(pictures)))
    x = reduce(lambda stream, layer: layer(stream), self.layers, start)
    return self.head(torch.einsum("btc->bc", self.norm(x)) / x.shape[1])


# === sum_and_divide: adds up the patches and divides by their number
def forward(self, pictures):
    hidden = self.embedding(pictures)
    hidden = self.positions(hidden)
    hidden = F.dropout(hidden, p=self.dropout.p, training=self.training)
    for i in range(len(self.layers)):
        hidden = self.layers[i](hidden)
    hidden = self.norm(hidden)
    pooled = hidden.sum(dim=1) / hidden.size(1)
    return self.head(pooled)
