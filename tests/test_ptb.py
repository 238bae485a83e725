"""Tokens of captions. What is expected here was printed by the Stanford tokenizer 3.4.1, as the COCO evaluation calls it."""

import pytest

from looksay.measure.ptb import tokens

CASES = {
    "A man riding a wave on top of a surfboard.": "a man riding a wave on top of a surfboard",
    "I don't can't won't isn't cannot": "i do n't ca n't wo n't is n't can not",
    "gonna wanna gotta lemme gimme 'tis 'twas": "gon na wan na got ta lem me gim me 't is 't was",
    "it's the dog's boys' he'd we'll they've I'm you're": "it 's the dog 's boys he 'd we 'll they 've i 'm you 're",
    "He said \"hello\" and 'bye' to “them” ‘now’": "he said hello and bye to them now",
    "don’t it’s": "do n't it 's",
    "a (small) dog [big] {cat}": "a -lrb- small -rrb- dog -lsb- big -rsb- -lcb- cat -rcb-",
    "Mr. Smith, Dr. Jones etc. lives at 5th St. in the U.S. at 5 p.m. today.":
        "mr. smith dr. jones etc. lives at 5th st. in the u.s. at 5 p.m. today",
    "it cost $3.50, £20, €5 and 50% or 5¢ #1 & AT&T a&b": "it cost $ 3.50 # 20 $ 5 and 50 % or 5 cents # 1 & at&t a & b",
    "one... two.... three .. four… five -- six --- seven – eight — nine": "one two three four five six seven eight nine",
    "well-known t-shirt black-and-white 3-year-old two- and three-story":
        "well-known t-shirt black-and-white 3-year-old two and three-story",
    "1/2 10:30 10:30am 5pm 1,000.50 12/25/2014 2-3 555-1234 -5": "1/2 10:30 10:30 am 5pm 1,000.50 12/25/2014 2-3 555-1234 -5",
    "90's '90s 1990s 1990's 5x7 12-inch 2½": "90 's '90s 1990s 1990 's 5x7 12-inch 2 1/2",
    "hello,world foo.bar this.And that!But end.": "hello world foo.bar this.and that!but end",
    "wait!! really?? no?! what!": "wait !! really ?? no ?! what",
    "rock'n'roll o'clock ma'am y'all ain't o'neill ol' 'em 'cause":
        "rock 'n' roll o'clock ma'am y' all ai n't o'neill ol' 'em 'cause",
    "he/she and/or w/ w/o a/b/c man/woman/child/dog": "he/she and/or w / w/o a/b/c man/woman/child / dog",
    "a_b _ * ** + = ~ ^ \\ | c++": "a_b _ * ** + = ~ ^ \\ | c++",
    "No. 5 no. five no.1 in 2. sat. sun. wed.": "no. 5 no five no. 1 in 2 sat sun wed.",
    "6'2\" tall 5'10 man": "6 2 tall 5 '10 man",
    "foo@bar.com @user #tag http://www.foo.com/bar?x=1 www.example.org":
        "foo@bar.com @user #tag http://www.foo.com/bar?x=1 www.example.org",
    ":) :-) :D :3 ^_^ <3": ":-rrb- :--rrb- :d :3 ^_^ < 3",
    "naïve café 30°F 3×4 a😀b ♥": "naïve café 30 ° f 3 × 4 a b ♥",
    "AT&amp;T &lt;b&gt; <b>bold</b>": "at&t < b > <b> bold </b>",
    "wouldn't've ta'en a.k.a. Ph.D. U.S.-based": "would n't 've ta'en a.k.a. ph.d. u.s.-based",
    "": "",
    " . , ": "",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_as_the_official_tokenizer(text: str) -> None:
    assert tokens(text) == CASES[text].split()
