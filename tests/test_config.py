"""Settings: typed, changed by dotted keys, and never silently wrong."""

from pathlib import Path

import pytest

from looksay import config
from looksay.errors import BadConfig, UnknownName
from looksay.nn.recipe import Augment, Recipe, Stage


def test_round_trip_through_a_dictionary() -> None:
    recipe = Recipe(stages=(Stage(epochs=3, augment=Augment(flip=0.5, crop=(0.2, 1.0))),), settings={"width": 0.5})
    assert config.from_dict(Recipe, config.to_dict(recipe), "here") == recipe


@pytest.mark.parametrize("text", ["epochs = 3\nlr = 1\n[augment]\nflip = 0.5\n"])
def test_toml_and_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    (tmp_path / "a.json").write_text('{"epochs": 3, "lr": 1, "augment": {"flip": 0.5}}')
    made = config.load(Stage, tmp_path / "a.toml")
    assert made == config.load(Stage, tmp_path / "a.json") == Stage(epochs=3, lr=1.0, augment=Augment(flip=0.5))


def test_dotted_changes_take_the_type_of_their_field() -> None:
    stage = config.change(
        Stage(), {"epochs": "7", "lr": "0.5", "augment.crop": "0.3,0.9", "optimizer": "adamw", "freeze": "a,b", "batch-size": "8"}
    )
    assert (stage.epochs, stage.lr, stage.augment.crop, stage.optimizer, stage.freeze, stage.batch_size) == (
        7, 0.5, (0.3, 0.9), "adamw", ("a", "b"), 8,
    )  # fmt: skip


def test_changes_reach_into_tuples_and_mappings() -> None:
    recipe = config.change(Recipe(), {"stages.0.epochs": "2", "settings.width": "0.5"})
    assert recipe.stages[0].epochs == 2
    assert recipe.settings == {"width": "0.5"}


@pytest.mark.parametrize(
    ("settings", "error", "word"),
    [
        ({"epoch": "3"}, UnknownName, "epochs"),
        ({"augment.flop": "1"}, UnknownName, "flip"),
        ({"epochs": "three"}, BadConfig, "whole number"),
        ({"lr": "fast"}, BadConfig, "number"),
        ({"optimizer": "sdg"}, BadConfig, "sgd"),
        ({"augment.crop": "0.5"}, BadConfig, "1 values"),
        ({"epochs.deeper": "1"}, BadConfig, "deeper"),
    ],
)
def test_wrong_settings_say_so(settings: dict[str, str], error: type[Exception], word: str) -> None:
    with pytest.raises(error, match=word):
        config.change(Stage(), settings)


def test_parse() -> None:
    assert config.parse(["a.b=1", "c = x=y"]) == {"a.b": "1", "c": "x=y"}
    with pytest.raises(BadConfig, match="key=value"):
        config.parse(["nonsense"])


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"epochs": "x"}', b'{"epoks": 1}'])
def test_bad_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(BadConfig, match=r"a\.json"):
        config.load(Stage, tmp_path / "a.json")
    with pytest.raises(BadConfig, match="missing"):
        config.load(Stage, tmp_path / "missing.json")
