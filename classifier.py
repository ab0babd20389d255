"""Two ways to make a classifier of a language model: ask it, or put a head on top and train.

`config` is any object with the fields `num_labels`, `pretrained_model_path`, `option` and
`hidden_dropout_prob`, as in the course. Shapes: see config.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cache import KeyValueCache, last_real_states
from llama import Llama, load_pretrained
from tokenizer import TextTokenizer

QUESTION = "Is this movie {labels}? This movie is "


def prompt_suffix(label_names: Sequence[str], question: str = QUESTION) -> str:
    """The question that follows a review, by default the course's; a label is to continue it.

    >>> prompt_suffix(["awful", "bad", "good"])
    'Is this movie awful, bad, or good? This movie is '
    """
    if len(label_names) == 2:
        choices = " or ".join(label_names)
    else:
        choices = ", ".join(label_names[:-1]) + ", or " + label_names[-1]
    return question.rstrip().replace("{labels}", choices) + " "


@dataclass(frozen=True)
class Prompt:
    """Prompts that the model has read: what is needed to go on from them."""

    tokens: Tensor  # (B, T)
    mask: Tensor  # (B, T) boolean, True where a token is real
    cache: KeyValueCache | None  # None for a bidirectional model
    log_probabilities: Tensor  # (B, V), of the next token


class LlamaZeroShotClassifier(nn.Module):
    """Scores each label by how likely the language model finds it as the prompt's continuation."""

    def __init__(
        self,
        config: Any,
        tokenizer: TextTokenizer,
        label_names: Sequence[str],
        llama: Llama | None = None,
        question: str = QUESTION,
    ) -> None:
        """Load the model, or take the given one, and cut the labels into pieces.

        The pieces of a label are those that it has after the prompt: the prompt ends in a space,
        which encoded alone is a token of its own (`self.loose_end`) and before a label is a part
        of the label's first piece.

        Raises:
            ValueError: there are not `config.num_labels` names, or two are alike.
        """
        super().__init__()
        if len(label_names) != config.num_labels or len(set(label_names)) != len(label_names):
            raise ValueError(
                f"label names {list(label_names)}: must be {config.num_labels} different ones"
            )
        self.num_labels = config.num_labels
        self.llama = load_pretrained(config.pretrained_model_path) if llama is None else llama
        self.llama.requires_grad_(False)
        prompt = f"It is. {prompt_suffix(label_names, question)}"
        alone = tokenizer.encode(prompt, bos=False, eos=False)
        joint = [tokenizer.encode(prompt + name, bos=False, eos=False) for name in label_names]
        shared = 0
        while shared < len(alone) and all(ids[shared] == alone[shared] for ids in joint):
            shared += 1
        self.loose_end = alone[shared:]  # token ids
        self.label_name_ids = [ids[shared:] for ids in joint]  # token ids of each label
        if not all(self.label_name_ids):
            raise ValueError(
                f"label names {list(label_names)}: one has no piece of its own after the prompt; "
                "is the tokenizer's max_len too short?"
            )

    def forward(self, input_ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Log-probability of each label as the continuation of each prompt.

        By the chain rule, log P(label | prompt) is the sum over the label's pieces of
        log P(piece | prompt and the pieces before it). `self.label_name_ids` holds the pieces of
        each label, and `self.next_token` gives (B, V) log-probabilities after the prompt and some
        pieces.

        Args:
            input_ids: (B, T), prompts that end in `prompt_suffix`.
            mask: (B, T) boolean, True where a token is real; None means everywhere.

        Returns:
            (B, classes); they do not sum to one, since a prompt has other continuations.
        """
        prompt = self.read_prompt(input_ids, mask)
        scores = []
        for pieces in self.label_name_ids:
            score = torch.zeros(len(input_ids), device=input_ids.device)
            for n, piece in enumerate(pieces):
                score = score + self.next_token(prompt, pieces[:n])[:, piece]
            scores.append(score)
        return torch.stack(scores, dim=1)

    def read_prompt(self, input_ids: Tensor, mask: Tensor | None) -> Prompt:
        """Let the model read prompts, without the loose end, once for all labels."""
        if mask is None:
            mask = torch.ones_like(input_ids, dtype=torch.bool)
        mask = mask & ~self.is_loose_end(input_ids, mask)
        cache = None
        if self.llama.config.causal:
            longest = max(len(pieces) for pieces in self.label_name_ids)
            cache = self.llama.new_cache(len(input_ids), input_ids.shape[1] + longest - 1)
        logits, _ = self.llama(input_ids, mask=mask, cache=cache)
        return Prompt(input_ids, mask, cache, F.log_softmax(logits[:, -1].float(), dim=-1))

    def is_loose_end(self, input_ids: Tensor, mask: Tensor) -> Tensor:
        """(B, T) boolean, True on the last real tokens of a row where they are the loose end."""
        n = len(self.loose_end)
        from_the_end = mask.flip(1).cumsum(dim=1).flip(1)  # 1 at a row's last real token
        found = torch.zeros_like(mask)
        for i, token in enumerate(self.loose_end):
            found |= mask & (from_the_end == n - i) & (input_ids == token)
        complete = found.sum(dim=1, keepdim=True) == n
        return found & complete

    def next_token(self, prompt: Prompt, pieces: Sequence[int]) -> Tensor:
        """(B, V) log-probabilities of the token after the prompt and `pieces`."""
        if not pieces:
            return prompt.log_probabilities
        more = torch.tensor(pieces, device=prompt.tokens.device).expand(len(prompt.tokens), -1)
        if prompt.cache is not None:
            prompt.cache.truncate(prompt.tokens.shape[1])
            logits, _ = self.llama(more, cache=prompt.cache)
        else:
            tokens = torch.cat((prompt.tokens, more), dim=1)
            real = F.pad(prompt.mask, (0, more.shape[1]), value=True)
            logits, _ = self.llama(tokens, mask=real)
        return F.log_softmax(logits[:, -1].float(), dim=-1)


class LlamaEmbeddingClassifier(nn.Module):
    """A linear head on the state of a text's last token, trained with the model or alone."""

    def __init__(self, config: Any, llama: Llama | None = None) -> None:
        """Load the model, or take the given one, and put a head with random weights on it.

        `config.option` "finetune" trains the whole model; any other value freezes it.
        """
        super().__init__()
        self.num_labels = config.num_labels
        self.llama = load_pretrained(config.pretrained_model_path) if llama is None else llama
        self.llama.requires_grad_(config.option == "finetune")
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier_head = nn.Linear(self.llama.config.dim, self.num_labels)

    def forward(self, input_ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Log-probabilities of the classes.

        1. `self.llama.hidden_states(input_ids, mask)`, without the head that predicts tokens;
        2. of each row the state of the last real token (`last_real_states`): the only one that
           has seen the whole text, and not what padding follows it;
        3. `self.dropout`, then `self.classifier_head`;
        4. a log-softmax over the classes.

        Args:
            input_ids: (B, T).
            mask: (B, T) boolean, True where a token is real; None means everywhere.

        Returns:
            (B, classes), which sum to one after exp.
        """
        h = last_real_states(self.llama.hidden_states(input_ids, mask), mask)  # (B, C)
        return F.log_softmax(self.classifier_head(self.dropout(h)).float(), dim=-1)
