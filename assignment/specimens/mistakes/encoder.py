"""Classic mistakes in encoder; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, pictures):
    x = self.embedding(pictures)
    x = self.positions(x)
    x = self.dropout(x)
    for layer in self.layers:
        x = layer(x)
    x = self.norm(x)
    x = x.mean(dim=1)
    return self.head(x)


# === dropout_in_eval: drops features in eval mode as well
# - x = self.dropout(x)
# + x = F.dropout(x, self.dropout.p)

# === dropout_before_positions: applies dropout before the positions are added
# - x = self.positions(x)
# - x = self.dropout(x)
# + x = self.dropout(x)
# + x = self.positions(x)

# === each_layer_reads_the_same: lets every layer read the embedded patches, and keeps what the last one says
# - for layer in self.layers:
# -     x = layer(x)
# + embedded = x
# + for layer in self.layers:
# +     x = layer(embedded)

# === first_layer: runs the first layer alone
# - for layer in self.layers:
# + for layer in self.layers[:1]:

# === first_patch: takes the first patch instead of the mean of all
# - x = x.mean(dim=1)
# + x = x[:, 0]

# === greatest: takes the greatest over the patches instead of the mean
# - x = x.mean(dim=1)
# + x = x.amax(dim=1)

# === last_patch: takes the last patch instead of the mean of all, as a language model does
# - x = x.mean(dim=1)
# + x = x[:, -1]

# === layers_backwards: runs the layers from the last to the first
# - for layer in self.layers:
# + for layer in reversed(self.layers):

# === log_probabilities: returns logarithms of probabilities instead of logits
# - return self.head(x)
# + return F.log_softmax(self.head(x), dim=-1)

# === mean_first: takes the mean over the patches before the layers
# - x = self.dropout(x)
# + x = self.dropout(x).mean(dim=1, keepdim=True)

# === mean_over_batch: takes the mean over the pictures instead of the patches
# - x = x.mean(dim=1)
# + x = x.mean(dim=0)

# === mean_over_features: takes the mean over the features instead of the patches
# - x = x.mean(dim=1)
# + x = x.mean(dim=2)

# === norm_after_the_mean: takes the mean first and normalises that
# - x = self.norm(x)
# - x = x.mean(dim=1)
# + x = x.mean(dim=1)
# + x = self.norm(x)

# === norm_first_of_all: normalises before the layers instead of after them
# - x = self.dropout(x)
# + x = self.norm(self.dropout(x))
# - x = self.norm(x)

# === positions_in_each_layer: adds the positions again before each layer
# - x = layer(x)
# + x = layer(self.positions(x))
# - x = self.positions(x)

# === positions_last: adds the positions after the layers
# - x = self.positions(x)
# - x = self.dropout(x)
# + x = self.dropout(x)
# - x = self.norm(x)
# + x = self.norm(self.positions(x))

# === positions_twice: adds the positions twice
# - x = self.positions(x)
# + x = self.positions(self.positions(x))

# === probabilities: returns probabilities instead of logits
# - return self.head(x)
# + return F.softmax(self.head(x), dim=-1)

# === returns_nothing: returns nothing
# - return self.head(x)
# + self.head(x)

# === sum: takes the sum over the patches instead of the mean
# - x = x.mean(dim=1)
# + x = x.sum(dim=1)

# === without_dropout: leaves out the dropout
# - x = self.dropout(x)

# === without_head: leaves out the head
# - return self.head(x)
# + return x

# === without_layers: leaves out the layers
# - for layer in self.layers:
# -     x = layer(x)

# === without_mean: gives logits for each patch, without a mean over them
# - x = x.mean(dim=1)

# === without_norm: leaves out the last norm
# - x = self.norm(x)

# === without_positions: leaves out the positions
# - x = self.positions(x)
