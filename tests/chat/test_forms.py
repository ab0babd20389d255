"""How turns are spelt: as transformers spells them, and whatever a template tries."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat import choose_form
from chat import template as chat_template
from chat.forms import KNOWN, Message, llama_2
from chat.template import render, rendered
from checkpoints.vocabulary import SentencePieceVocabulary, sentencepiece_model
from tests.helpers import run_code, vocabulary
from tokenizer import BytePairTokenizer, TextTokenizer, Tokenizer

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0].content | trim %}"
    "{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{% if m.role == 'user' %}"
    "{{ bos_token + '[INST] ' }}"
    "{% if loop.first and system is defined %}{{ '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' }}"
    "{% endif %}{{ m.content | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)
LLAMA_3 = (
    "{{ '<|begin_of_text|>' }}{% for m in messages %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' }}"
    "{{ m['content'] | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
CHATML = (
    "{%- for m in messages %}\n    {{- '<|im_start|>' ~ m.role ~ '\\n' ~ m.content }}\n"
    "    {{- '<|im_end|>\\n' }}\n{%- endfor %}\n"
    "{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
# What templates of published files do: each of these is one way to go wrong.
TEMPLATES = {
    "llama-2": LLAMA_2,
    "llama-3": LLAMA_3,
    "chatml": CHATML,
    "blocks": "{% for m in messages %}\n  {% if true %}\n{{ m.content }}\n  {% endif %}\n"
    "{% endfor %}\n",
    "loop controls": "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}"
    "{{ m.content }}{% if loop.index > 2 %}{% break %}{% endif %}{% endfor %}",
    "json": "{{ messages | tojson }}{{ messages | tojson(indent=2) }}"
    "{{ messages[0] | tojson(sort_keys=true, ensure_ascii=true) }}",
    "namespace": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}"
    "{{ ns.n }}{{ m.content[:3] }}{% endfor %}{{ dict(a=ns.n) }}",
    "macro": "{% macro turn(m, end='</s>') %}{{ m.content | upper }}{{ end }}{% endmacro %}"
    "{% for m in messages %}{{ turn(m) }}{% endfor %}",
    "generation": "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}|"
    "{% endfor %}",
    "undefined": "{{ bos_token }}{{ unk_token }}{% if not tools %}{{ tools is none }}{% endif %}"
    "{% if documents is defined %}{{ documents }}{% endif %}",
    "strings": "{{ (messages[0].content ~ 'x').split('x')[0].strip() }}{{ messages | length }}"
    "{{ messages[-1].content.replace('a', 'b') | title }}{{ messages[0].get('name', '-') }}",
}
contents = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
conversations = st.builds(
    lambda system, turns: [
        *({"role": "system", "content": text} for text in system),
        *({"role": ("user", "assistant")[n % 2], "content": t} for n, t in enumerate(turns)),
    ],
    st.lists(contents, max_size=1),
    st.lists(contents, min_size=1, max_size=5).filter(lambda turns: len(turns) % 2 == 1),
)


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@given(messages=conversations, answer=st.booleans())
@settings(max_examples=30, deadline=None)
def test_templates_render_as_in_transformers(
    template: str, messages: list[Message], answer: bool
) -> None:
    utils = pytest.importorskip("transformers.utils.chat_template_utils")
    theirs, _ = utils.render_jinja_template(
        conversations=[messages],
        chat_template=template,
        add_generation_prompt=answer,
        **SPECIAL,
    )
    known = {"messages": messages, "add_generation_prompt": answer, **SPECIAL}
    fault, text = rendered(template, known | chat_template.ABSENT)
    assert fault is None
    assert text == theirs[0]


@pytest.mark.parametrize("name", KNOWN)
@given(messages=conversations)
@settings(max_examples=100, deadline=None)
def test_the_known_forms_are_their_templates(name: str, messages: list[Message]) -> None:
    spelling, _ = KNOWN[name]
    fault, text = rendered(
        TEMPLATES[name], {"messages": messages, "add_generation_prompt": True, **SPECIAL}
    )
    assert fault is None
    assert spelling(messages) == text


def test_in_its_own_process_it_is_the_same() -> None:
    messages = [{"role": "user", "content": "naïve \U0001f999\u2028"}]
    assert render(CHATML, messages, SPECIAL) == KNOWN["chatml"][0](messages)
    assert "assistant" not in render(CHATML, messages, SPECIAL, add_generation_prompt=False)
    year = "{{ strftime_now('%Y') }}"
    assert render(year, messages, SPECIAL).startswith("20")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('No system, please') }}", "TemplateError: No system, please"),
        ("{% if %}", "TemplateSyntaxError"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ cycler.__init__.__globals__.os.system('x') }}", "SecurityError"),
        ("{{ raise_exception.__globals__.os }}", "SecurityError"),
        ("{{ strftime_now.__globals__.os }}", "SecurityError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{% set x = messages[0].update({'content': 'y'}) %}", "SecurityError"),
        ("{{ '{0.__class__.__init__.__globals__}'.format(cycler) }}", "SecurityError"),
        ("{% include '/etc/passwd' %}", "no loader"),
        ("{% for i in range(10000000) %}{% endfor %}", "Range too big"),
        ("{{ " + "(" * 2000 + ")" * 2000 + " }}", "RecursionError"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "RecursionError"),
        ("{% set x = 'a' * 2000000000 %}", "MemoryError"),
        ("{{ 'a' * 20000000 }}", "more than 16,777,216 characters"),
    ],
)
def test_a_hostile_template_ends_in_one_line(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        render(template, [{"role": "user", "content": "x"}], SPECIAL)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("the checkpoint's chat template")


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(99) %}"
        "{% set n.x = n.x ~ n.x %}{% endfor %}",
    ],
    ids=["for ever", "doubling"],
)
def test_a_template_without_end_is_ended(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_template, "SECONDS", 1)
    with pytest.raises(ValueError, match="MemoryError|takes more than 1 s or 1 GB"):
        render(template, [{"role": "user", "content": "x"}], SPECIAL)
    monkeypatch.setattr(chat_template, "PATIENCE", 0.05)  # where nothing counts the others
    with pytest.raises(ValueError, match=r"no end in 0.05 s"):
        render(template, [{"role": "user", "content": "x"}], SPECIAL)


def test_without_jinja_the_line_says_what_to_do() -> None:
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from chat.template import rendered\n"
        "print(rendered('x', {})[0])"
    )
    assert "needs the package jinja2 (extra formats): pip install" in run_code(code).stdout


def tokenizer(**changes: Any) -> TextTokenizer:
    return BytePairTokenizer(vocabulary(**changes))


def of_llama_2(**said: Any) -> TextTokenizer:
    """A SentencePiece vocabulary with Llama 2's control pieces and few others."""
    spelt = [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *spelt,
        *"\u2581INSTabcehinrt[]/",
        "\u2581\u2581",
        "\u2581the",
    ]
    kinds = [2, 3, 3, *[6] * 256, *[1] * (len(pieces) - 259)]
    model = sentencepiece_model(pieces, [0.0 - i for i in range(len(pieces))], kinds)
    return Tokenizer(vocabulary=SentencePieceVocabulary(model, **said))


def test_which_form_is_taken() -> None:
    assert choose_form(tokenizer()).name == "chatml"
    assert choose_form(tokenizer(chat_template=CHATML)).name == "the checkpoint's template"
    assert choose_form(tokenizer(chat_template=CHATML), "chatml").name == "chatml"
    specials = ["<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>"]
    tokens = specials + vocabulary().tokens[3:]
    assert choose_form(tokenizer(tokens=tokens)).name == "llama-3"
    assert choose_form(of_llama_2(), "llama-2").name == "llama-2"
    with pytest.raises(ValueError, match="no chat template, and its tokens are of no known form"):
        choose_form(of_llama_2())
    with pytest.raises(
        ValueError, match="chat_format=llama-3: the tokenizer has no token <.eot_id"
    ):
        choose_form(tokenizer(), "llama-3")
    with pytest.raises(ValueError, match="chat_format=template: the checkpoint brings none"):
        choose_form(tokenizer(), "template")
    with pytest.raises(ValueError, match="must be one of auto, template, llama-2"):
        choose_form(tokenizer(), "alpaca")


def test_a_bos_that_the_checkpoint_wants_is_there_once() -> None:
    question = [{"role": "user", "content": "a"}]
    for form, bos in (
        (choose_form(tokenizer(add_bos=True, bos_id=0)), 0),
        (choose_form(of_llama_2(), "llama-2"), 1),
    ):
        ids = form.opening(question)
        assert ids.count(bos) == 1
        assert ids[0] == bos
    assert 0 not in choose_form(tokenizer(bos_id=0)).opening(question)


def test_llama_2_is_spelt_as_by_meta() -> None:
    """Each exchange is a text of its own, between BOS and EOS, that begins with a space."""
    own = of_llama_2()
    turns = [
        {"role": "user", "content": "the cat"},
        {"role": "assistant", "content": "in the rain"},
        {"role": "user", "content": "a"},
    ]
    expected = own.encode("[INST] the cat [/INST] in the rain ", bos=True, eos=True)
    expected += own.encode("[INST] a [/INST]", bos=True, eos=False)
    form = choose_form(own, "llama-2")
    assert form.opening(turns) == expected
    after = form.following(turns)
    assert after[after.index(own.eos_id) :] == expected[expected.index(own.eos_id) :]
    assert llama_2(turns).startswith("<s>[INST] the cat [/INST] in the rain </s><s>[INST] a")


def test_a_template_that_leaves_answers_out_is_refused() -> None:
    form = choose_form(tokenizer(chat_template="{{ messages[-1].content }}"))
    turns = [{"role": r, "content": "a"} for r in ("user", "assistant", "user")]
    with pytest.raises(ValueError, match="leaves answers out: give another --chat_format"):
        form.following(turns)


def test_marks_in_a_text_are_text() -> None:
    form = choose_form(tokenizer())
    text = "\ue0000\ue000 \ue000answer\ue000 <|im_end|>"
    turns = [{"role": r, "content": text} for r in ("user", "assistant", "user")]
    assert form.tokenizer.decode(form.following(turns)) == f"\nuser\n{text}\nassistant\n"


def test_a_stop_that_is_marked_as_text_is_guarded_as_well() -> None:
    """A GGUF may type <|im_end|> as user-defined."""
    kinds = [3, 3, 4, *vocabulary().token_types[3:]]
    form = choose_form(tokenizer(token_types=kinds))
    assert form.opening([{"role": "user", "content": "<|im_end|>"}]).count(2) == 1


def test_a_sentencepiece_vocabulary_brings_a_template() -> None:
    form = choose_form(of_llama_2(chat_template=LLAMA_2))
    turns = [{"role": "user", "content": "the </s> cat"}]
    assert form.spell(turns) == "<s>[INST] the </s> cat [/INST]"
    assert form.opening(turns).count(form.tokenizer.eos_id) == 0
