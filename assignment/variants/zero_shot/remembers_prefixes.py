# asks for the next token once for each beginning that labels share
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
