"""Small events, each with its cast and course and its sentences in two languages: `{A}` is who does it, `{B}` whom or what it is
done to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from looksay.storybook.chance import Chance
from looksay.storybook.land import Land
from looksay.storybook.lexicon import Pair
from looksay.storybook.plots import (
    Course,
    approach,
    bird,
    change,
    chase,
    drive,
    fall,
    fly,
    follow,
    gallop,
    jump,
    pass_by,
    sail,
    train,
    wave,
)


@dataclass(frozen=True)
class Event:
    """`plot` casts the things and answers their course; the first one is A, the second B where the sentences have one. `near`
    is how many times closer than usual the reader is."""

    name: str
    settings: tuple[str, ...]
    sentences: tuple[Pair, ...]
    plot: Callable[[Chance, str, Land], Course]
    near: float = 1.0


_GREEN = ("park", "farm", "mountain")
_OPEN = ("park", "farm", "beach", "lake", "mountain")


def _said(*lines: str) -> tuple[Pair, ...]:
    """'English | Spanish' for each way to say it."""
    return tuple(Pair(*line.split(" | ")) for line in lines)


EVENTS: tuple[Event, ...] = (
    Event(
        "chase",
        ("park", "beach", "farm"),
        _said("{A} chases a ball. | {A} persigue una pelota.", "{A} runs after a ball. | {A} corre tras una pelota."),
        chase,
        1.7,
    ),
    Event(
        "drive past",
        ("street",),
        _said(
            "{A} goes past the houses. | {A} pasa por delante de las casas.",
            "{A} moves along the street. | {A} avanza por la calle.",
        ),
        drive,
    ),
    Event(
        "pass",
        ("street",),
        _said("{A} passes {B}. | {A} se cruza con {B}.", "{A} meets {B} on the road. | {A} se encuentra con {B} en la calle."),
        pass_by,
    ),
    Event(
        "take off",
        _OPEN,
        _said("{A} takes off from the ground. | {A} despega del suelo.", "{A} flies up into the air. | {A} levanta el vuelo."),
        bird(True),
        2.3,
    ),
    Event(
        "land",
        _OPEN,
        _said("{A} lands on the ground. | {A} se posa en el suelo.", "{A} comes down from the sky. | {A} baja del cielo."),
        bird(False),
        2.3,
    ),
    Event(
        "wave",
        ("park", "farm", "beach"),
        _said("{A} waves at {B}. | {A} saluda {a B}.", "{A} greets {B}. | {A} saluda {a B} con la mano."),
        wave,
        1.25,
    ),
    Event(
        "walk to",
        ("room", "park", "farm"),
        _said("{A} walks to {B}. | {A} camina hacia {B}.", "{A} goes towards {B}. | {A} va hacia {B}."),
        approach,
    ),
    Event(
        "sit down",
        ("park", "beach", "farm"),
        _said(
            "{A} sits down on the ground. | {A} se sienta en el suelo.",
            "{A} takes a seat on the ground. | {A} toma asiento en el suelo.",
        ),
        change(("person", "dog"), "standing", "sitting"),
        1.3,
    ),
    Event(
        "sail",
        ("lake", "beach"),
        _said("{A} sails across the water. | {A} navega por el agua.", "{A} crosses the water. | {A} cruza el agua."),
        sail,
        1.5,
    ),
    Event(
        "fly",
        _OPEN,
        _said("{A} crosses the sky. | {A} cruza el cielo.", "{A} flies over the land. | {A} vuela sobre el campo."),
        fly,
    ),
    Event(
        "arrive",
        ("station",),
        _said(
            "{A} arrives at the station. | {A} llega a la estación.", "{A} comes into the station. | {A} entra en la estación."
        ),
        train(True),
    ),
    Event(
        "depart",
        ("station",),
        _said(
            "{A} leaves the station. | {A} sale de la estación.", "{A} goes away from the station. | {A} se aleja de la estación."
        ),
        train(False),
    ),
    Event(
        "gallop",
        _GREEN,
        _said("{A} gallops across the field. | {A} galopa por el campo.", "{A} runs over the field. | {A} corre por el campo."),
        gallop,
        1.3,
    ),
    Event(
        "switch on",
        ("room",),
        _said("someone switches {A} on. | alguien enciende {A}.", "someone turns {A} on. | alguien pone en marcha {A}."),
        change(("tvmonitor",), "off", "on"),
    ),
    Event(
        "switch off",
        ("room",),
        _said("someone switches {A} off. | alguien apaga {A}.", "someone turns {A} off. | alguien desconecta {A}."),
        change(("tvmonitor",), "on", "off"),
    ),
    Event(
        "fall over",
        ("room",),
        _said("{A} falls over on {B}. | {A} se cae sobre {B}.", "{A} tips over on {B}. | {A} se vuelca sobre {B}."),
        fall,
        1.3,
    ),
    Event(
        "jump onto",
        ("room",),
        _said("{A} jumps onto {B}. | {A} salta sobre {B}.", "{A} leaps up onto {B}. | {A} se sube a {B} de un salto."),
        jump,
        1.3,
    ),
    Event(
        "follow",
        ("park", "farm", "beach"),
        _said("{A} follows {B}. | {A} sigue {a B}.", "{A} goes after {B}. | {A} va detrás de {B}."),
        follow,
        1.2,
    ),
    Event(
        "graze",
        ("farm", "mountain", "lake"),
        _said("{A} starts to eat the grass. | {A} empieza a comer la hierba.", "{A} begins to graze. | {A} se pone a pastar."),
        change(("cow", "sheep", "horse"), "standing", "grazing"),
        1.3,
    ),
    Event(
        "lie down",
        ("farm", "mountain", "lake"),
        _said("{A} lies down on the ground. | {A} se tumba en el suelo.", "{A} lies down to rest. | {A} se echa a descansar."),
        change(("cow", "sheep"), "standing", "lying"),
        1.3,
    ),
    Event(
        "wake up",
        ("room", "park", "farm"),
        _said("{A} wakes up. | {A} se despierta.", "{A} wakes from its sleep. | {A} despierta de su sueño."),
        change(("cat", "dog"), "sleeping", "sitting"),
        1.6,
    ),
    Event(
        "fall asleep",
        ("room", "park", "farm"),
        _said("{A} falls asleep. | {A} se duerme.", "{A} goes to sleep. | {A} se echa a dormir."),
        change(("cat", "dog"), "sitting", "sleeping"),
        1.6,
    ),
)
