"""Written for the original course, as it is taught since 2026."""

import torch
import torch.nn.functional as F
from config import LlamaConfig
from llama import load_pretrained
from tokenizer import Tokenizer


class LlamaZeroShotClassifier(torch.nn.Module):
    def __init__(self, config: LlamaConfig, tokenizer: Tokenizer, label_names: list):
        super().__init__()
        self.num_labels = config.num_labels
        self.llama = load_pretrained(config.pretrained_model_path)
        self.llama.requires_grad_(False)
        self.label_name_ids = [tokenizer.encode(name, bos=False, eos=False) for name in label_names]

    def forward(self, input_ids):
        logits, _ = self.llama(input_ids)
        scores = F.log_softmax(logits[:, -1], dim=-1)
        return torch.stack([scores[:, ids].sum(-1) for ids in self.label_name_ids], dim=1)


class LlamaEmbeddingClassifier(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.num_labels = config.num_labels
        self.llama = load_pretrained(config.pretrained_model_path)
        self.llama.requires_grad_(config.option == "finetune")
        self.dropout = torch.nn.Dropout(config.hidden_dropout_prob)
        self.classifier_head = torch.nn.Linear(self.llama.config.dim, self.num_labels)

    def forward(self, input_ids):
        _, states = self.llama(input_ids)
        last = self.dropout(states[:, -1])
        return F.log_softmax(self.classifier_head(last), dim=-1)
