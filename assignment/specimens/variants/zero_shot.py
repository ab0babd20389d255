"""Honest ways to write zero_shot; `assignment/specimens/__init__.py` has the format."""


# === all_labels_in_one_batch: packs each prompt to the left of each label and takes the cross-entropy of one large batch
def forward(self, input_ids, mask=None):
    ids = self.label_name_ids
    if mask is None:
        mask = torch.ones_like(input_ids, dtype=torch.bool)
    mask = mask & ~self.is_loose_end(input_ids, mask)
    longest = max(len(pieces) for pieces in ids)
    tokens, reals, targets = [], [], []
    for row, real in zip(input_ids, mask, strict=True):
        prompt = row[real].tolist()
        width = int(mask.sum(dim=1).max()) + longest - 1
        for pieces in ids:
            text = prompt + pieces[:-1]
            wanted = [-100] * (len(prompt) - 1) + pieces
            pad = width - len(text)
            tokens.append(text + [0] * pad)
            reals.append([True] * len(text) + [False] * pad)
            targets.append(wanted + [-100] * pad)
    device = input_ids.device
    tokens, targets = torch.tensor(tokens, device=device), torch.tensor(targets, device=device)
    logits, _ = self.llama(tokens, targets=tokens, mask=torch.tensor(reals, device=device))
    losses = F.cross_entropy(
        logits.float().transpose(1, 2), targets, ignore_index=-100, reduction="none"
    )
    return -losses.sum(dim=1).view(len(input_ids), len(ids))


# === one_pass_per_label: reads prompt and label in one pass, with logits at all positions (a causal model allows it)
def forward(self, input_ids, mask=None):
    B, T = input_ids.shape
    if mask is None:
        mask = torch.ones_like(input_ids).bool()
    mask = mask & ~self.is_loose_end(input_ids, mask)
    positions = torch.arange(T, device=input_ids.device)
    last = torch.where(mask, positions, -1).max(dim=1).values  # of the prompt
    scores = torch.zeros(B, len(self.label_name_ids), device=input_ids.device)
    for i, pieces in enumerate(self.label_name_ids):
        label = torch.tensor(pieces, device=input_ids.device).expand(B, -1)
        tokens = torch.cat((input_ids, label[:, :-1]), dim=1)
        real = F.pad(mask, (0, len(pieces) - 1), value=True)
        logits, _ = self.llama(tokens, targets=tokens, mask=real)
        predictions = torch.cat((logits[torch.arange(B), last][:, None], logits[:, T:]), dim=1)
        log_probs = predictions.float().log_softmax(-1)
        scores[:, i] = log_probs.gather(2, label[..., None]).squeeze(2).sum(dim=1)
    return scores


# === remembers_prefixes: asks for the next token once for each beginning that labels share
def forward(self, input_ids, mask=None):
    prompt = self.read_prompt(input_ids, mask)
    known = {}
    rows = []
    for pieces in self.label_name_ids:
        parts = []
        for i in range(len(pieces)):
            beginning = tuple(pieces[:i])
            if beginning not in known:
                known[beginning] = self.next_token(prompt, list(beginning))
            parts.append(known[beginning].index_select(1, torch.tensor([pieces[i]])))
        rows.append(torch.cat(parts, dim=1).sum(dim=1))
    return torch.stack(rows).T


# === rereads_everything: reads prompt and pieces again for each piece, without the cache
def forward(self, input_ids, mask=None):
    if mask is None:
        mask = torch.ones(input_ids.shape, dtype=torch.bool, device=input_ids.device)
    mask = mask & ~self.is_loose_end(input_ids, mask)
    columns = []
    for label in self.label_name_ids:
        tokens, real = input_ids, mask
        total = 0.0
        for piece in label:
            logits, _ = self.llama(tokens, mask=real)
            total = total + torch.log_softmax(logits[:, -1], dim=-1)[:, piece]
            tokens = torch.cat([tokens, torch.full_like(tokens[:, :1], piece)], dim=1)
            real = torch.cat([real, torch.ones_like(real[:, :1])], dim=1)
        columns.append(total)
    return torch.stack(columns, dim=-1)


# === row_by_row: strips each row of its padding and its loose end, and asks for it alone
def forward(self, input_ids, mask=None):
    import math

    all_scores = []
    for row in range(len(input_ids)):
        if mask is None:
            prompt = input_ids[row].tolist()
        else:
            prompt = input_ids[row][mask[row]].tolist()
        n = len(self.loose_end)
        if n > 0 and prompt[-n:] == list(self.loose_end):
            prompt = prompt[:-n]
        row_scores = []
        for label in self.label_name_ids:
            score = 0.0
            for j in range(len(label)):
                text = torch.tensor([prompt + list(label[:j])], device=input_ids.device)
                logits, _ = self.llama(text)
                probabilities = F.softmax(logits[0, -1].double(), dim=-1)
                score += math.log(probabilities[label[j]].item())
            row_scores.append(score)
        all_scores.append(row_scores)
    return torch.tensor(all_scores, device=input_ids.device)
