"""looksay words train, near, analogy, score, plot, convert."""

from __future__ import annotations

import json as codec
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from looksay.cli.options import Json
from looksay.errors import BadConfig

if TYPE_CHECKING:
    from looksay.nn.word_vectors import Near, WordVectors

app = typer.Typer(help="Learn vectors of words, and ask them.", no_args_is_help=True, rich_markup_mode=None)


class FileForm(StrEnum):
    text = "text"
    binary = "binary"
    glove = "glove"


Vectors = Annotated[
    str, typer.Option("--vectors", "-v", metavar="FILE", help="word2vec's text or binary, or GloVe's text, also gzipped.")
]
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many words.")]
Form = Annotated[FileForm | None, typer.Option("--format", "-f", help="If left out: binary for .bin, else text.")]


@app.command()
def train(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="A file of UTF-8: words parted by spaces, sentences by lines.")],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where the vectors go; .bin, .gz as named.")
    ] = "vectors.txt",
    size: Annotated[int, typer.Option("--size", min=1, max=10_000, help="Numbers a word.")] = 100,
    window: Annotated[int, typer.Option("--window", min=1, max=500, help="Words to look at on either side, at most.")] = 5,
    negative: Annotated[
        int | None, typer.Option("--negative", min=0, max=1000, help="Wrong words for each right one: 5, or none with --hs.")
    ] = None,
    hs: Annotated[bool, typer.Option("--hs", help="Hierarchical softmax: the turns in a Huffman tree.")] = False,
    cbow: Annotated[bool, typer.Option("--cbow", help="Continuous bag of words instead of skip-gram.")] = False,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Times through the text.")] = 5,
    min_count: Annotated[int, typer.Option("--min-count", min=1, help="Words that are rarer are left out.")] = 5,
    sample: Annotated[
        float, typer.Option("--sample", min=0.0, help="Share of the text above which a word is thinned out.")
    ] = 1e-3,
    lr: Annotated[float, typer.Option("--lr", min=0.0, help="The first learning rate; 0: 0.025, for CBOW 0.05.")] = 0.0,
    phrases: Annotated[int, typer.Option("--phrases", min=0, max=8, help="Passes that join neighbours: New_York.")] = 0,
    threshold: Annotated[float, typer.Option("--threshold", min=0.0, help="Of phrases: higher makes fewer.")] = 100.0,
    tidy: Annotated[bool, typer.Option("--tidy", help="Learn from lower case, without punctuation.")] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="With one, the same seed gives the same bits.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="Of the first vectors and of every draw.")] = 0,
    format: Form = None,
) -> None:
    """Learn vectors from a text of any size (word2vec)."""
    import time

    from looksay.cli.bar import bar
    from looksay.nn.phrases import Ready, ready
    from looksay.nn.word_files import write_vectors
    from looksay.systems.write.word2vec import Settings, Word2Vec

    wrong = (0 if hs else 5) if negative is None else negative
    how = Settings(size, window, wrong, hs, cbow, epochs, min_count, sample, lr, workers, seed)
    with bar("reading") as reading, ready(text, Ready(tidy, phrases, min_count, threshold), reading) as made:
        model = Word2Vec(made, how, reading)
        known = model.lexicon
        print(f"{len(known.words):,} words that come at least {min_count} times; they make up {known.total:,} of {known.read:,}")
        since = time.perf_counter()
        with bar("learning") as learning:
            found = model.learn(learning)
        spent = time.perf_counter() - since
    write_vectors(found, output, format.value if format else None)
    print(f"{epochs * known.read / spent:,.0f} words a second, {spent:.1f} s")
    print(f"vectors: {output}")


def _read(vectors: str) -> WordVectors:
    import sys

    from looksay.nn.word_files import read_vectors

    found = read_vectors(vectors)
    for line in found.problems:
        print(f"note: {line}", file=sys.stderr)
    return found


@app.command()
def near(
    word: Annotated[str, typer.Argument(metavar="WORD")],
    vectors: Vectors = "vectors.txt",
    count: Count = 10,
    json: Json = False,
) -> None:
    """The words nearest to a word, with their cosines."""
    _tell(_read(vectors).similar(word, count), json)


@app.command()
def analogy(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    c: Annotated[str, typer.Argument(metavar="C")],
    vectors: Vectors = "vectors.txt",
    count: Count = 10,
    json: Json = False,
) -> None:
    """A is to B as C is to …: man king woman."""
    _tell(_read(vectors).analogy(a, b, c, count), json)


def _tell(found: list[Near], json: bool) -> None:
    for each in found:
        print(codec.dumps(each._asdict(), ensure_ascii=False) if json else f"{each.score:.4f}  {each.word}")


@app.command()
def score(
    questions: Annotated[str, typer.Argument(metavar="QUESTIONS", help="Analogies (questions-words.txt) or pairs (wordsim353).")],
    vectors: Vectors = "vectors.txt",
    top: Annotated[int, typer.Option("--top", min=0, help="Only the most frequent words take part; 0: all.")] = 0,
    json: Json = False,
) -> None:
    """Score analogies, or the likeness of pairs, as the original tools do."""
    from looksay.measure.words import score as judge

    found = judge(_read(vectors), questions, top)
    print(codec.dumps(found.row()) if json else "\n".join(found.lines()))


@app.command()
def plot(
    pairs: Annotated[str, typer.Argument(metavar="PAIRS", help="Two words a line: France Paris.")],
    vectors: Vectors = "vectors.txt",
    output: Annotated[str, typer.Option("--output", "-o", metavar="PNG", help="The picture; .png or .svg.")] = "words.png",
) -> None:
    """Pairs of words in the plane of their two principal components."""
    import sys

    from looksay.disk import write_atomically
    from looksay.show.word_plot import pairs_plot, read_pairs

    kind = Path(output).suffix.lower()
    if kind not in (".png", ".svg"):
        raise BadConfig(f"{output!r} is no name of a picture", where="--output", mend=".png or .svg")
    found, asked = _read(vectors), read_pairs(pairs)
    drawn = pairs_plot(found, asked, "svg" if kind == ".svg" else "png")
    write_atomically(Path(output), drawn)
    if unknown := [word for pair in asked for word in pair if word not in found]:
        print(f"note: left out for unknown words: {', '.join(unknown)}", file=sys.stderr)
    print(f"plot: {output}")


@app.command()
def convert(
    source: Annotated[str, typer.Argument(metavar="IN", help="Vectors in any of the formats.")],
    target: Annotated[str, typer.Argument(metavar="OUT", help="The new file; gzipped where its name ends in .gz.")],
    format: Form = None,
) -> None:
    """Write vectors in another format, every bit as it was."""
    from looksay.nn.word_files import write_vectors

    found = _read(source)
    write_vectors(found, target, format.value if format else None)
    print(f"{len(found):,} words of {found.size} numbers: {target}")
