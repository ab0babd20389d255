"""Honest ways to write embedding; `assignment/specimens/__init__.py` has the format."""


# === flipped: turns the mask round and looks for its first True
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    from_the_right = torch.argmax(torch.flip(mask, dims=[1]).to(torch.int64), dim=1)
    h = torch.flip(h, dims=[1])[torch.arange(h.size(0)), from_the_right]
    z = self.classifier_head(self.dropout(h))
    return z - torch.logsumexp(z, dim=-1, keepdim=True)


# === gather: finds the last real place as the greatest index, and gathers
def forward(self, input_ids, mask=None):
    hidden = self.llama.hidden_states(input_ids, mask)
    B, T, C = hidden.shape
    if mask is None:
        last = torch.full((B,), T - 1, device=input_ids.device)
    else:
        last = (torch.arange(T, device=input_ids.device) * mask).argmax(dim=1)
    state = hidden.gather(1, last.view(B, 1, 1).expand(B, 1, C)).squeeze(1)
    logits = self.classifier_head(self.dropout(state))
    return F.log_softmax(logits, dim=-1)


# === llama_forward: takes the second of the two things that the language model returns
def forward(self, input_ids, mask=None):
    _, hidden = self.llama(input_ids, mask=mask)
    pooled = hidden[:, -1, :]
    if mask is not None:
        counts = mask.long().cumsum(dim=1)
        last = (counts * mask).argmax(dim=1)
        pooled = hidden[torch.arange(len(hidden)), last]
    return torch.log_softmax(self.classifier_head(self.dropout(pooled)), dim=1)


# === loop_over_rows: looks for the last real token row by row
def forward(self, input_ids, mask=None):
    hidden_states = self.llama.hidden_states(input_ids, mask)
    picked = []
    for i in range(input_ids.shape[0]):
        if mask is None:
            j = input_ids.shape[1] - 1
        else:
            j = -1
            for k in range(input_ids.shape[1]):
                if mask[i, k]:
                    j = k
        picked.append(hidden_states[i, j])
    pooled = torch.stack(picked)
    # dropout, classifier head, log-softmax
    pooled = self.dropout(pooled)
    logits = self.classifier_head(pooled)
    return nn.LogSoftmax(dim=1)(logits)


# === one_hot: multiplies with a one-hot row in place of an index, and takes the logarithm by hand
def forward(self, input_ids, mask=None):
    h = self.llama.hidden_states(input_ids, mask)
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    later = mask.flip(1).cumsum(1).flip(1)  # real tokens from here to the end
    chosen = (mask & (later == 1)).to(h.dtype)
    state = torch.einsum("bt,btc->bc", chosen, h.masked_fill(~mask[..., None], 0))
    logits = self.dropout(state) @ self.classifier_head.weight.T + self.classifier_head.bias
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


# === dropout_if_training: applies the dropout in train mode only, by an if of its own
def forward(self, input_ids, mask=None):
    h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)
    if self.training:
        h = self.dropout(h)
    return self.classifier_head(h).log_softmax(-1)


# === functional_dropout: asks the module for its rate and its mode, and calls the function
def forward(self, input_ids, mask=None):
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    states = self.llama.hidden_states(input_ids, mask)
    places = torch.arange(input_ids.shape[1], device=input_ids.device)
    last = (mask * places).argmax(dim=1)
    state = F.dropout(states[torch.arange(len(states)), last], self.dropout.p, self.training)
    return torch.log(F.softmax(self.classifier_head(state), dim=-1))
