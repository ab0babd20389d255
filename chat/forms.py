"""How turns are spelt for a model: three known forms, and the template that a checkpoint brings.

A form turns messages, the last of them a question, into the text after which the answer begins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chat.template import render
from tokenizer import TextTokenizer

Message = dict[str, str]  # role (system, user or assistant) and content
Spelling = Callable[[Sequence[Message]], str]


def llama_2(messages: Sequence[Message]) -> str:
    """Touvron et al. 2023b, https://arxiv.org/abs/2307.09288: the system's text is in the question.

    >>> llama_2([{"role": "user", "content": "Hi"}])
    '<s>[INST] Hi [/INST]'
    """
    text = system = ""
    for message in messages:
        content = message["content"].strip()
        if message["role"] == "system":
            system = f"<<SYS>>\n{content}\n<</SYS>>\n\n"
        elif message["role"] == "user":
            text += f"<s>[INST] {system}{content} [/INST]"
            system = ""
        else:
            text += f" {content} </s>"
    return text


def llama_3(messages: Sequence[Message]) -> str:
    r"""Llama Team 2024, https://arxiv.org/abs/2407.21783: each turn has a header of its own.

    >>> print(llama_3([{"role": "user", "content": "Hi"}]).replace("\n", "\\n"))
    <|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>\
<|start_header_id|>assistant<|end_header_id|>\n\n
    """

    def header(role: str) -> str:
        return f"<|start_header_id|>{role}<|end_header_id|>\n\n"

    turns = [f"{header(m['role'])}{m['content'].strip()}<|eot_id|>" for m in messages]
    return "<|begin_of_text|>" + "".join(turns) + header("assistant")


def chatml(messages: Sequence[Message]) -> str:
    r"""The form of SmolLM, Qwen and many others.

    >>> chatml([{"role": "user", "content": "Hi"}])
    '<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n'
    """
    turns = [f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages]
    return "".join(turns) + "<|im_start|>assistant\n"


KNOWN: dict[str, tuple[Spelling, str]] = {  # with the token that ends an answer
    "llama-2": (llama_2, "</s>"),
    "llama-3": (llama_3, "<|eot_id|>"),
    "chatml": (chatml, "<|im_end|>"),
}
TEMPLATE = "template"
FORMS = ("auto", TEMPLATE, *KNOWN)


def choose_form(tokenizer: TextTokenizer, name: str = "auto") -> Form:
    """The form of a tokenizer's model: its own template, or the known one whose tokens it has.

    Args:
        name: one of FORMS, to take that.

    Raises:
        ValueError: it has no template, or lacks the tokens of the form.
    """
    if name not in FORMS:
        raise ValueError(f"chat_format={name!r}: must be one of {', '.join(FORMS)}")
    template = tokenizer.chat_template
    if name == TEMPLATE and template is None:
        raise ValueError(f"chat_format={name}: the checkpoint brings none; {' or '.join(KNOWN)}")
    if template is not None and name in ("auto", TEMPLATE):
        special = {
            f"{of}_token": tokenizer.id_to_token(i)
            for of, i in (("bos", tokenizer.bos_id), ("eos", tokenizer.eos_id))
            if i >= 0
        }
        return Form(
            "the checkpoint's template", tokenizer, lambda turns: render(template, turns, special)
        )
    if name == "auto":  # Llama 2's tokens are those of models that know of no turns, too
        fits = [known for known in ("llama-3", "chatml") if has_token(tokenizer, KNOWN[known][1])]
        if not fits:
            raise ValueError(
                "the checkpoint brings no chat template, and its tokens are of no known form: it "
                f"may not know how to talk; --chat_format {' or '.join(KNOWN)} has it try"
            )
        name = fits[0]
    spelling, end = KNOWN[name]
    if not has_token(tokenizer, end):
        raise ValueError(f"chat_format={name}: the tokenizer has no token {end}; take another")
    begin = ""
    if spelling is chatml and tokenizer.add_bos:  # the others have theirs in the text
        begin = tokenizer.id_to_token(tokenizer.bos_id)
    return Form(name, tokenizer, lambda turns: begin + spelling(turns))


def has_token(tokenizer: TextTokenizer, text: str) -> bool:
    ids = tokenizer.encode(text, bos=False, eos=False, specials=True)
    return len(ids) == 1 and ids[0] in tokenizer.control_ids


@dataclass(frozen=True)
class Form:
    """Turns as token ids. What spells a special token in what people write stays text."""

    name: str
    tokenizer: TextTokenizer
    spell: Spelling

    def opening(self, messages: Sequence[Message]) -> list[int]:
        """The ids of a conversation up to where the next answer begins."""
        mark = unused_mark(messages)
        return self._encode(self._spelt(messages, mark), mark)

    def following(self, messages: Sequence[Message]) -> list[int]:
        """The ids of what comes after the last answer, up to where the next one begins.

        Raises:
            ValueError: the template leaves the answer out.
        """
        mark = unused_mark(messages)
        answer = f"{mark}answer{mark}"
        replaced = [*messages[:-2], {**messages[-2], "content": answer}, messages[-1]]
        _, found, after = self._spelt(replaced, mark).rpartition(answer)
        if not found:
            raise ValueError(
                "the checkpoint's chat template leaves answers out: give another --chat_format"
            )
        return self._encode(after, mark)

    def _spelt(self, messages: Sequence[Message], mark: str) -> str:
        """The text, with an id between two marks for what must not become a special token."""
        ids = {self.tokenizer.id_to_token(i): i for i in self.tokenizer.control_ids}
        longest_first = sorted(filter(None, ids), key=len, reverse=True)
        pattern = "|".join(map(re.escape, longest_first)) or "(?!)"

        def guard(found: re.Match[str]) -> str:
            return f"{mark}{ids[found[0]]}{mark}"

        return self.spell(
            [{**m, "content": re.sub(pattern, guard, m["content"])} for m in messages]
        )

    def _encode(self, text: str, mark: str) -> list[int]:
        ids: list[int] = []
        for number, part in enumerate(re.split(f"{mark}(\\d+){mark}", text)):
            guarded = number % 2 == 1
            part = self.tokenizer.id_to_token(int(part)) if guarded else part
            ids += self.tokenizer.encode(part, bos=False, eos=False, specials=not guarded)
        return ids


def unused_mark(messages: Sequence[Message]) -> str:
    """A text that no message holds, of a character for private use; a template may trim around."""
    mark = "\ue000"
    while any(mark in message["content"] for message in messages):
        mark += "\ue000"
    return mark
