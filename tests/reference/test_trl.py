"""TRL's own trainers take our rows. `make check` installs the extra `rlhf`; the dev extra has none, for torch is large.

The shapes themselves are tested in tests/io/test_exchange_trl.py, always.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from goldwork.io.exchange import Answered, Example, exchange, trl_rows
from goldwork.preference.pairs import build_pairs
from goldwork.preference.rows import training_rows
from goldwork.tasks.questions import read_form
from goldwork.testing import simulate_preferences

trl = pytest.importorskip("trl", reason="the extra rlhf is not installed")
datasets = pytest.importorskip("datasets", reason="trl brings it")
pytestmark = pytest.mark.filterwarnings("default")  # how TRL, torch and transformers call each other is theirs

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
PAIR = {"type": "compare", "fields": ["one", "two"]}
ASKS = [{"role": "user", "content": "why is it so"}]


def rows(
    tmp_path: Path, name: str, suffix: str, shows: dict[str, str], task: dict[str, Any], item: Any, answer: Any
) -> Any:
    fields = [{"name": field, "show": show} for field, show in shows.items()]
    form = read_form({"fields": fields, "questions": [{"name": "q", "title": "Q?", "task": task}]})
    path = tmp_path / f"rows{suffix}"
    given = [Example(str(n), item, (Answered({"q": answer}),)) for n in range(4)]
    exchange.get(name).write(path, form, iter(given))
    kind = "json" if suffix == ".jsonl" else "parquet"
    return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tokenizer of words and a model with random weights, kept in a folder: DPO loads it again for reference."""
    import tokenizers
    import transformers

    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<pad>": 0, "<unk>": 1, "</s>": 2}, unk_token="<unk>"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.WordLevelTrainer(special_tokens=["<pad>", "<unk>", "</s>"])
    words.train_from_iterator(["why is it so because that not user assistant < | > ."], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="<pad>",
        unk_token="<unk>",
        eos_token="</s>",
    )
    tokenizer.chat_template = TEMPLATE
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=64, pad_token_id=0, eos_token_id=2,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("model")
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return str(folder), tokenizer


TEXTS = {"ask": "why is it so", "one": "because it is", "two": "it is not so"}
PREFERENCES = {
    "texts": ({"ask": "text", "one": "text", "two": "text"}, TEXTS),
    "turns": ({"talk": "chat", "one": "text", "two": "text"}, TEXTS | {"talk": ASKS}),
}


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("kind", PREFERENCES)
def test_dpo_takes_preferences(kind: str, suffix: str, small: Any, tmp_path: Path) -> None:
    shows, item = PREFERENCES[kind]
    given = rows(tmp_path, "trl-preference", suffix, shows, PAIR, item, "second")
    assert trl.data_utils.is_conversational(given[0]) == (kind == "turns")
    model, tokenizer = small
    options = trl.DPOConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    trainer = trl.DPOTrainer(model, args=options, train_dataset=given, processing_class=tokenizer)
    told = [tokenizer.decode(trainer.train_dataset[0][name]) for name in ("chosen_ids", "rejected_ids")]
    assert "not so" in told[0]
    assert "because" in told[1]
    assert trainer.train().training_loss > 0


DEMONSTRATIONS = [
    ("trl-prompt-completion", {"ask": "text"}, {"type": "text"}, TEXTS, "because it is"),
    ("trl-prompt-completion", {"talk": "chat"}, {"type": "chat", "field": "talk"}, {"talk": ASKS}, None),
    ("trl-conversational", {"talk": "chat"}, {"type": "chat", "field": "talk"}, {"talk": ASKS}, None),
]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize(("name", "shows", "task", "item", "answer"), DEMONSTRATIONS)
def test_sft_takes_demonstrations(
    name: str, shows: Any, task: Any, item: Any, answer: Any, suffix: str, small: Any, tmp_path: Path
) -> None:
    written = answer or [{"role": "assistant", "content": "because it is"}]
    given = rows(tmp_path, name, suffix, shows, task, item, written)
    model, tokenizer = small
    options = trl.SFTConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    trainer = trl.SFTTrainer(model, args=options, train_dataset=given, processing_class=tokenizer)
    assert "because it is" in tokenizer.decode(trainer.train_dataset[0]["input_ids"])
    assert trainer.train().training_loss > 0


@pytest.fixture(scope="module")
def pairs() -> Any:
    simulated = simulate_preferences(prompts=6, candidates=3, seed=0)
    return build_pairs(simulated.table, simulated.items)


def loaded(pairs: Any, kind: Any, suffix: str, tmp_path: Path) -> Any:
    path = tmp_path / f"pairs{suffix}"
    trl_rows.write(path, training_rows(pairs, kind))
    form = "json" if suffix == ".jsonl" else "parquet"
    return datasets.load_dataset(form, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("kind", ["preference", "conversational"])
def test_dpo_takes_pairs(kind: str, suffix: str, pairs: Any, small: Any, tmp_path: Path) -> None:
    given = loaded(pairs, kind, suffix, tmp_path)
    assert trl.data_utils.is_conversational(given[0]) == (kind == "conversational")
    model, tokenizer = small
    options = trl.DPOConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    trainer = trl.DPOTrainer(model, args=options, train_dataset=given, processing_class=tokenizer)
    assert trainer.train().training_loss > 0


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_the_reward_trainer_takes_pairs(suffix: str, pairs: Any, small: Any, tmp_path: Path) -> None:
    import transformers

    folder, tokenizer = small
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
    options = trl.RewardConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to="none", use_cpu=True
    )
    given = loaded(pairs, "preference", suffix, tmp_path)
    trainer = trl.RewardTrainer(model, args=options, train_dataset=given, processing_class=tokenizer)
    assert trainer.train().training_loss > 0


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_kto_takes_single_responses(suffix: str, pairs: Any, small: Any, tmp_path: Path) -> None:
    folder, tokenizer = small
    options = trl.KTOConfig(
        output_dir=str(tmp_path), max_steps=1, per_device_train_batch_size=4, report_to="none", use_cpu=True
    )
    given = loaded(pairs, "unpaired", suffix, tmp_path)
    assert {True, False} == set(given["label"])
    trainer = trl.KTOTrainer(folder, args=options, train_dataset=given, processing_class=tokenizer)
    assert trainer.train().training_loss > 0
