"""Classic mistakes in feed_forward; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def forward(self, x):
    hidden = self.up(x)
    hidden = F.relu(hidden)
    hidden = self.dropout(hidden)
    return self.down(hidden)


# === absolute: takes the magnitude of negative numbers instead of zero
# - hidden = F.relu(hidden)
# + hidden = hidden.abs()

# === adds_its_input: adds its input to the result, which the layer does as well
# - return self.down(hidden)
# + return x + self.down(hidden)

# === down_first: goes down before it goes up
# - hidden = self.up(x)
# + hidden = self.down(x)
# - return self.down(hidden)
# + return self.up(hidden)

# === dropout_in_eval: drops features in eval mode as well
# - hidden = self.dropout(hidden)
# + hidden = F.dropout(hidden, self.dropout.p)

# === dropout_on_the_input: drops features of the input instead of hidden ones
# - hidden = self.up(x)
# - hidden = F.relu(hidden)
# - hidden = self.dropout(hidden)
# + hidden = self.up(self.dropout(x))
# + hidden = F.relu(hidden)

# === dropout_twice: applies dropout twice, before the threshold and after it
# - hidden = F.relu(hidden)
# + hidden = F.relu(self.dropout(hidden))

# === gelu: uses GELU instead of ReLU
# - hidden = F.relu(hidden)
# + hidden = F.gelu(hidden)

# === keeps_the_negative: keeps the negative numbers and cuts off the positive ones
# - hidden = F.relu(hidden)
# + hidden = hidden.clamp(max=0)

# === leaky: lets a hundredth of negative numbers through (leaky ReLU)
# - hidden = F.relu(hidden)
# + hidden = F.leaky_relu(hidden)

# === relu_at_the_end: cuts off what is negative at the end too
# - return self.down(hidden)
# + return F.relu(self.down(hidden))

# === relu_before: cuts off what is negative in the input instead of what is hidden
# - hidden = self.up(x)
# - hidden = F.relu(hidden)
# + hidden = self.up(F.relu(x))

# === returns_nothing: returns nothing
# - return self.down(hidden)
# + self.down(hidden)

# === returns_the_hidden: does not go down again
# - return self.down(hidden)
# + return hidden

# === sigmoid: uses a sigmoid instead of ReLU
# - hidden = F.relu(hidden)
# + hidden = hidden.sigmoid()

# === silu: uses SiLU instead of ReLU
# - hidden = F.relu(hidden)
# + hidden = F.silu(hidden)

# === softmax: uses a softmax instead of ReLU
# - hidden = F.relu(hidden)
# + hidden = hidden.softmax(dim=-1)

# === squared: squares what ReLU leaves
# - hidden = F.relu(hidden)
# + hidden = F.relu(hidden) ** 2

# === tanh: uses a tanh instead of ReLU
# - hidden = F.relu(hidden)
# + hidden = hidden.tanh()

# === without_dropout: leaves out the dropout
# - hidden = self.dropout(hidden)

# === without_relu: leaves out the threshold, so that two products are one
# - hidden = F.relu(hidden)
