"""The sentence patterns of the book: for each family of captions, English and Spanish side by side (see phrasing.py)."""

from __future__ import annotations

from looksay.storybook.lexicon import Pair

PATTERNS: dict[str, tuple[Pair, ...]] = {
    "deed": (
        Pair("{A} {A does} {place}.", "{A} {A does} {place}."),
        Pair("{A} {A does} {place} {when}.", "{A} {A does} {place} {when}."),
        Pair("{place}, {A} {A does}{stop}", "{place}, {A} {A does}{stop}"),
        Pair("{when}, {A} {A does} {place}.", "{when}, {A} {A does} {place}."),
        Pair("look, {A} {A does} {place}.", "mira, {A} {A does} {place}."),
    ),
    "there": (
        Pair("there {A is} {A} {A doing} {place}.", "hay {A} {A doing} {place}."),
        Pair("there {A is} {A} {A doing} {place} {when}.", "hay {A} {A doing} {place} {when}."),
        Pair("the picture shows {A} {A doing} {place}.", "la imagen muestra {a A} {A doing} {place}."),
        Pair("i can see {A} {A doing} {place} {when}.", "puedo ver {a A} {A doing} {place} {when}."),
        Pair("here {A is} {A} {A doing} {when}.", "aquí hay {A} {A doing} {when}."),
    ),
    "list": (
        Pair("there {A is} {A} and {B} {place}.", "hay {A} y {B} {place}."),
        Pair("we see {A} and {B} {place} {when}.", "se ven {A} y {B} {place} {when}."),
        Pair("{A} and {B} can be seen {place}.", "se ven {A} y {B} {place}."),
        Pair("a picture of {A} and {B} {when}.", "una imagen de {A} y {B} {when}."),
        Pair("{site} {when} with {A} and {B}.", "{site} {when} con {A} y {B}."),
    ),
    "longlist": (
        Pair("there {A is} {A}, {B} and {C} {place}.", "hay {A}, {B} y {C} {place}."),
        Pair("{A}, {B} and {C} {place} {when}.", "{A}, {B} y {C} {place} {when}."),
        Pair("this is {site} with {A}, {B} and {C}.", "esto es {site} con {A}, {B} y {C}."),
        Pair("in this picture we see {A}, {B} and {C}.", "en esta imagen se ven {A}, {B} y {C}."),
    ),
    "relation": (
        Pair("{A} {A is} {relation} {B}.", "{A} {A is} {relation} {B}."),
        Pair("{A} {A is} {relation} {B} {place}.", "{A} {A is} {relation} {B} {place}."),
        Pair("{relation} {B} there {A is} {A}.", "{relation} {B} hay {A}."),
        Pair("there {A is} {A} {relation} {B} {place}.", "hay {A} {relation} {B} {place}."),
        Pair("{A} {relation} {B} {when}.", "{A} {relation} {B} {when}."),
    ),
    "relation-the": (
        Pair("{the A} {A is} {relation} {the B}.", "{the A} {A is} {relation} {the B}."),
        Pair("{the A} {A does} {relation} {the B}.", "{the A} {A does} {relation} {the B}."),
        Pair(
            "in this picture {the A} {A is} {relation} {the B}.",
            "en esta imagen {the A} {A is} {relation} {the B}.",
        ),
    ),
    "scene": (
        Pair("{clause} {place} and {A} {A does}{stop}", "{clause} {place} y {A} {A does}{stop}"),
        Pair("it is {date}, and {A} {A does} {place}.", "es {date}, y {A} {A does} {place}."),
        Pair("this is {site} on {date}, and there {A is} {A}.", "esto es {site} en {date}, y hay {A}."),
        Pair("on {date}, there {A is} {A} {place}.", "en {date}, hay {A} {place}."),
    ),
    "contrast": (
        Pair("{A} {A does} while {B} {B does}.", "{A} {A does} mientras {B} {B does}."),
        Pair("{A} {A does}, but {B} {B does}.", "{A} {A does}, pero {B} {B does}."),
        Pair("{place}, {A} {A does} and {B} {B does}.", "{place}, {A} {A does} y {B} {B does}."),
    ),
    "spots": (
        Pair("{one} there {A is} {A}, and {two} there {B is} {B}.", "{one} hay {A}, y {two} hay {B}."),
        Pair("{A} {A is} {one} and {B} {B is} {two}.", "{A} {A is} {one} y {B} {B is} {two}."),
        Pair("we see {A} {one} and {B} {two}.", "se ven {A} {one} y {B} {two}."),
    ),
    "spot": (
        Pair("{A} {A does} {one} of the picture.", "{A} {A does} {one} de la imagen."),
        Pair("{one} of this picture there {A is} {A}.", "{one} de esta imagen hay {A}."),
    ),
    "colour": (
        Pair("{the A} {place} {A is} {A colour}.", "{the A} {place} {A es} {A colour}."),
        Pair("{the A} that {A does} {place} {A is} {A colour}.", "{the A} que {A does} {place} {A es} {A colour}."),
        Pair("look at {the A}: {A it} {A is} {A colour} and {A does}{stop}", "mira {the A}: {A es} {A colour} y {A does}{stop}"),
    ),
    "colours": (
        Pair(
            "{the A} {A is} {A colour} and {the B} {B is} {B colour}.", "{the A} {A es} {A colour} y {the B} {B es} {B colour}."
        ),
        Pair(
            "{place}, {the A} {A is} {A colour}, but {the B} {B is} {B colour}.",
            "{place}, {the A} {A es} {A colour}, pero {the B} {B es} {B colour}.",
        ),
    ),
    "none": (
        Pair("there {A is} {A} {place}, but no {none}.", "hay {A} {place}, pero no hay {none}."),
        Pair("i see no {none} {place}, but i see {A}.", "no veo {none} {place}, pero veo {a A}."),
        Pair("there are no {none} here, but there {A is} {A}.", "aquí no hay {none}, pero hay {A}."),
    ),
    "nobody": (
        Pair("there is nobody {place}, but there {A is} {A}.", "no hay nadie {place}, pero hay {A}."),
        Pair("{A} {A does} and nobody is {place}.", "{A} {A does} y no hay nadie {place}."),
    ),
    "only": (
        Pair("there {A is} only {A} {place}.", "solo hay {A} {place}."),
        Pair("only {A} can be seen {place} {when}.", "solo se {A ve} {A} {place} {when}."),
        Pair("{A} {A is} alone {place} {when}.", "{A} {A is} {A sol@} {place} {when}."),
        Pair("{A} {A is} all alone {place}.", "{A} {A is} completamente {A sol@} {place}."),
    ),
    "heading": (
        Pair("{A} {A does} {heading} {place}.", "{A} {A does} {heading} {place}."),
        Pair("{A} {A doing} {heading} {when}.", "{A} {A doing} {heading} {when}."),
    ),
    "family": (
        Pair("{number} {family}, {A} and {B}, are {place}.", "{number} {family}, {A} y {B}, están {place}."),
        Pair("there are {number} {family} {place}: {A} and {B}.", "hay {number} {family} {place}: {A} y {B}."),
        Pair("{when}, {number} {family} can be seen: {A} and {B}.", "{when}, se ven {number} {family}: {A} y {B}."),
    ),
    "onlyone": (
        Pair("the only {family} {place} {when} is {A}.", "el único {family} {place} {when} es {A}."),
        Pair("{A} is the only {family} in the picture.", "{A} es el único {family} de la imagen."),
    ),
    "split": (
        Pair("{A}, one {tint} and one {tint2}, are {place}.", "{A}, {tint} y {tint2}, están {place}."),
        Pair("there are {A} {place}, one {tint} and one {tint2}.", "hay {A} {place}, {tint} y {tint2}."),
        Pair("we see {A}: one is {tint} and one is {tint2}.", "se ven {A}: {ser} y {ser2}."),
    ),
    "all": (
        Pair("{all A} {A does} {place}.", "{all A} {A does} {place}."),
        Pair("{when}, {all A} {A does} {place}.", "{when}, {all A} {A does} {place}."),
    ),
    "allcolour": (
        Pair("{all A} {place} {A is} {A colour}.", "{all A} {place} {A es} {A colour}."),
        Pair("{all A} that we see {place} {A is} {A colour}.", "{all A} que se ven {place} {A es} {A colour}."),
    ),
    "between": (
        Pair("{A} {A is} between {B} and {C}.", "{A} {A is} entre {B} y {C}."),
        Pair("there {A is} {A} between {B} and {C} {place}.", "hay {A} entre {B} y {C} {place}."),
    ),
    "nearer": (
        Pair("{the A} {A is} closer to us than {the B}.", "{the A} {A is} más cerca que {the B}."),
        Pair("{the B} {B is} farther away than {the A} {place}.", "{the B} {B is} más lejos que {the A} {place}."),
    ),
    "empty": (
        Pair("{site2} is {empty} {when}.", "{site2} está {empty} {when}."),
        Pair("there is nobody {place} {when}.", "no hay nadie {place} {when}."),
        Pair("there is nothing {place}.", "no hay nada {place}."),
        Pair("it is {date} and {site2} is {empty}.", "es {date} y {site2} está {empty}."),
        Pair("this is {site} on {date}, without people or animals.", "esto es {site} en {date}, sin personas ni animales."),
        Pair("a picture of {site} {when}.", "una imagen de {site} {when}."),
        Pair("we see {site}, but no people and no cars.", "se ve {site}, pero no hay personas ni coches."),
        Pair("{when}, nothing can be seen {place}.", "{when}, no se ve nada {place}."),
    ),
}
