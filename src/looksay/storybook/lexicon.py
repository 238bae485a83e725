"""The words of the book, English beside Spanish. In Spanish forms `@` stands for o, a, os or as, whatever agrees."""

from __future__ import annotations

from typing import NamedTuple


class Noun(NamedTuple):
    one: str
    many: str
    uno: str
    muchos: str
    gender: str  # of the Spanish noun, m or f


class Deed(NamedTuple):
    """An action as said of one (`does`), of several (`do`) and after a noun (`doing`); then the same in Spanish."""

    does: str
    do: str
    doing: str
    hace: str
    hacen: str
    haciendo: str


class Pair(NamedTuple):
    en: str
    es: str


NOUNS: dict[str, tuple[Noun, ...]] = {
    "aeroplane": (Noun("plane", "planes", "avión", "aviones", "m"), Noun("airplane", "airplanes", "avión", "aviones", "m")),
    "bicycle": (Noun("bicycle", "bicycles", "bicicleta", "bicicletas", "f"), Noun("bike", "bikes", "bici", "bicis", "f")),
    "bird": (Noun("bird", "birds", "pájaro", "pájaros", "m"),),
    "boat": (Noun("boat", "boats", "barco", "barcos", "m"),),
    "bottle": (Noun("bottle", "bottles", "botella", "botellas", "f"),),
    "bus": (Noun("bus", "buses", "autobús", "autobuses", "m"),),
    "car": (Noun("car", "cars", "coche", "coches", "m"),),
    "cat": (Noun("cat", "cats", "gato", "gatos", "m"),),
    "chair": (Noun("chair", "chairs", "silla", "sillas", "f"),),
    "cow": (Noun("cow", "cows", "vaca", "vacas", "f"),),
    "diningtable": (Noun("table", "tables", "mesa", "mesas", "f"),),
    "dog": (Noun("dog", "dogs", "perro", "perros", "m"),),
    "horse": (Noun("horse", "horses", "caballo", "caballos", "m"),),
    "motorbike": (
        Noun("motorbike", "motorbikes", "moto", "motos", "f"),
        Noun("motorcycle", "motorcycles", "motocicleta", "motocicletas", "f"),
    ),
    "person": (Noun("person", "people", "persona", "personas", "f"),),
    "pottedplant": (Noun("plant", "plants", "planta", "plantas", "f"),),
    "sheep": (Noun("sheep", "sheep", "oveja", "ovejas", "f"),),
    "sofa": (Noun("sofa", "sofas", "sofá", "sofás", "m"), Noun("couch", "couches", "sofá", "sofás", "m")),
    "train": (Noun("train", "trains", "tren", "trenes", "m"),),
    "tvmonitor": (
        Noun("television", "televisions", "televisor", "televisores", "m"),
        Noun("screen", "screens", "pantalla", "pantallas", "f"),
    ),
}
# Further names that are understood, though the book itself does not say them.
OTHER_NAMES = {
    "aeroplane": "aeroplane", "aeroplanes": "aeroplane", "tv": "tvmonitor", "tvs": "tvmonitor", "monitor": "tvmonitor",
    "monitors": "tvmonitor", "persons": "person",
}  # fmt: skip

ANIMALS = ("bird", "cat", "cow", "dog", "horse", "sheep")
VEHICLES = ("aeroplane", "bicycle", "boat", "bus", "car", "motorbike", "train")
FURNITURE = ("chair", "diningtable", "sofa")
FAMILIES: dict[str, tuple[Noun, tuple[str, ...]]] = {
    "animal": (Noun("animal", "animals", "animal", "animales", "m"), ANIMALS),
    "vehicle": (Noun("vehicle", "vehicles", "vehículo", "vehículos", "m"), VEHICLES),
}
# Of these it is not said what they do: they only stand there.
INERT = frozenset(("bottle", "chair", "diningtable", "pottedplant", "sofa"))
ALIVE = frozenset((*ANIMALS, "person"))

COLOURS_ES = {
    "red": "roj@", "orange": "naranja", "yellow": "amarill@", "green": "verde", "blue": "azul", "purple": "morad@",
    "pink": "rosa", "brown": "marrón", "black": "negr@", "white": "blanc@", "grey": "gris",
}  # fmt: skip
SIZES: dict[str, tuple[Pair, ...]] = {
    "small": (Pair("small", "pequeñ@"), Pair("little", "pequeñ@")),
    "large": (Pair("big", "grande"), Pair("large", "grande")),
}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS_ES = ("ningun@", "un@", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once", "doce")

# Looked up as kind-action, then action alone.
DEEDS: dict[str, tuple[Deed, ...]] = {
    "parked": (
        Deed("is parked", "are parked", "parked", "está aparcad@", "están aparcad@", "aparcad@"),
        Deed("is standing still", "are standing still", "standing still", "está parad@", "están parad@", "parad@"),
    ),
    "moving": (
        Deed("is moving", "are moving", "moving", "está en marcha", "están en marcha", "en marcha"),
        Deed("goes by", "go by", "going by", "pasa", "pasan", "pasando"),
    ),
    "bus-moving": (
        Deed("is driving", "are driving", "driving", "está circulando", "están circulando", "circulando"),
        Deed("drives by", "drive by", "driving by", "circula", "circulan", "circulando"),
    ),
    "train-moving": (
        Deed("is moving", "are moving", "moving", "está en marcha", "están en marcha", "en marcha"),
        Deed("passes by", "pass by", "passing by", "pasa", "pasan", "pasando"),
    ),
    "bicycle-moving": (
        Deed("rolls along", "roll along", "rolling along", "rueda", "ruedan", "rodando"),
        Deed("is moving", "are moving", "moving", "está en marcha", "están en marcha", "en marcha"),
    ),
    "flying": (
        Deed("is flying", "are flying", "flying", "está volando", "están volando", "volando"),
        Deed("flies", "fly", "flying", "vuela", "vuelan", "volando"),
        Deed("is in the air", "are in the air", "in the air", "está en el aire", "están en el aire", "en el aire"),
    ),
    "floating": (
        Deed("floats", "float", "floating", "flota", "flotan", "flotando"),
        Deed("is floating", "are floating", "floating", "está flotando", "están flotando", "flotando"),
    ),
    "sailing": (
        Deed("sails", "sail", "sailing", "navega", "navegan", "navegando"),
        Deed("is sailing", "are sailing", "sailing", "está navegando", "están navegando", "navegando"),
    ),
    "standing": (
        Deed("is standing", "are standing", "standing", "está de pie", "están de pie", "de pie"),
        Deed("stands", "stand", "standing", "está de pie", "están de pie", "de pie"),
    ),
    "bird-standing": (
        Deed("is standing", "are standing", "standing", "está posad@", "están posad@", "posad@"),
        Deed("is perched", "are perched", "perched", "está posad@", "están posad@", "posad@"),
    ),
    "thing-standing": (
        Deed("stands", "stand", "standing", "está", "están", ""),
        Deed("is", "are", "", "está", "están", ""),
    ),
    "sitting": (
        Deed("is sitting", "are sitting", "sitting", "está sentad@", "están sentad@", "sentad@"),
        Deed("sits", "sit", "sitting", "está sentad@", "están sentad@", "sentad@"),
    ),
    "sleeping": (
        Deed("is sleeping", "are sleeping", "sleeping", "está durmiendo", "están durmiendo", "durmiendo"),
        Deed("sleeps", "sleep", "sleeping", "duerme", "duermen", "durmiendo"),
        Deed("is asleep", "are asleep", "asleep", "está dormid@", "están dormid@", "dormid@"),
    ),
    "walking": (
        Deed("is walking", "are walking", "walking", "está caminando", "están caminando", "caminando"),
        Deed("walks", "walk", "walking", "camina", "caminan", "caminando"),
        Deed("takes a walk", "take a walk", "taking a walk", "pasea", "pasean", "paseando"),
    ),
    "running": (
        Deed("is running", "are running", "running", "está corriendo", "están corriendo", "corriendo"),
        Deed("runs", "run", "running", "corre", "corren", "corriendo"),
    ),
    "grazing": (
        Deed("is grazing", "are grazing", "grazing", "está pastando", "están pastando", "pastando"),
        Deed("grazes", "graze", "grazing", "pasta", "pastan", "pastando"),
        Deed("is eating", "are eating", "eating", "está comiendo", "están comiendo", "comiendo"),
    ),
    "lying": (
        Deed("is lying down", "are lying down", "lying down", "está tumbad@", "están tumbad@", "tumbad@"),
        Deed("is resting", "are resting", "resting", "está descansando", "están descansando", "descansando"),
        Deed("rests", "rest", "resting", "descansa", "descansan", "descansando"),
    ),
    "thing-lying": (Deed("is lying down", "are lying down", "lying down", "está tumbad@", "están tumbad@", "tumbad@"),),
    "waving": (
        Deed("is waving", "are waving", "waving", "está saludando", "están saludando", "saludando"),
        Deed("waves", "wave", "waving", "saluda", "saludan", "saludando"),
        Deed("says hello", "say hello", "saying hello", "saluda", "saludan", "saludando"),
    ),
    "off": (
        Deed("is off", "are off", "switched off", "está apagad@", "están apagad@", "apagad@"),
        Deed("is switched off", "are switched off", "switched off", "está apagad@", "están apagad@", "apagad@"),
    ),
    "on": (
        Deed("is on", "are on", "switched on", "está encendid@", "están encendid@", "encendid@"),
        Deed("is switched on", "are switched on", "switched on", "está encendid@", "están encendid@", "encendid@"),
    ),
}
DEEDS["car-moving"] = DEEDS["motorbike-moving"] = DEEDS["bus-moving"]
for _kind in INERT:
    DEEDS[f"{_kind}-standing"] = DEEDS["thing-standing"]
DEEDS["bottle-lying"] = DEEDS["thing-lying"]

# Where a page plays: said of anything there; of what has its feet on the ground; as a noun.
PLACES: dict[str, tuple[Pair, ...]] = {
    "beach": (Pair("at the beach", "en la playa"), Pair("by the sea", "junto al mar")),
    "street": (Pair("in the street", "en la calle"), Pair("in the city", "en la ciudad"), Pair("in town", "en la ciudad")),
    "farm": (Pair("on the farm", "en la granja"), Pair("in the country", "en el campo")),
    "room": (Pair("in the room", "en la habitación"), Pair("indoors", "dentro de la casa"), Pair("at home", "en casa")),
    "park": (Pair("in the park", "en el parque"),),
    "lake": (Pair("at the lake", "en el lago"), Pair("near the lake", "cerca del lago")),
    "station": (Pair("at the station", "en la estación"),),
    "mountain": (Pair("in the mountains", "en las montañas"), Pair("near the mountains", "cerca de las montañas")),
}
GROUNDS: dict[str, tuple[Pair, ...]] = {
    "beach": (Pair("on the beach", "en la playa"), Pair("on the sand", "en la arena")),
    "street": (Pair("on the street", "en la calle"),),
    "room": (Pair("in a house", "en una casa"),),
}
WATERS: dict[str, tuple[Pair, ...]] = {
    "beach": (Pair("on the sea", "en el mar"), Pair("on the water", "en el agua")),
    "lake": (Pair("on the lake", "en el lago"), Pair("on the water", "en el agua")),
}
SKIES: dict[str, tuple[Pair, ...]] = {
    "beach": (Pair("over the beach", "sobre la playa"), Pair("over the sea", "sobre el mar")),
    "street": (Pair("over the city", "sobre la ciudad"), Pair("over the street", "sobre la calle")),
    "farm": (Pair("over the farm", "sobre la granja"),),
    "park": (Pair("over the park", "sobre el parque"),),
    "lake": (Pair("over the lake", "sobre el lago"),),
    "station": (Pair("over the station", "sobre la estación"),),
    "mountain": (Pair("over the mountains", "sobre las montañas"),),
}
# "a beach …", "the beach …"
SITES: dict[str, tuple[Pair, Pair]] = {
    "beach": (Pair("a beach", "una playa"), Pair("the beach", "la playa")),
    "street": (Pair("a street", "una calle"), Pair("the street", "la calle")),
    "farm": (Pair("a farm", "una granja"), Pair("the farm", "la granja")),
    "room": (Pair("a room", "una habitación"), Pair("the room", "la habitación")),
    "park": (Pair("a park", "un parque"), Pair("the park", "el parque")),
    "lake": (Pair("a lake", "un lago"), Pair("the lake", "el lago")),
    "station": (Pair("a station", "una estación"), Pair("the station", "la estación")),
    "mountain": (Pair("a mountain", "una montaña"), Pair("the mountain", "la montaña")),
}

TIMES_SAID: dict[str, tuple[Pair, ...]] = {
    "day": (Pair("during the day", "durante el día"), Pair("by day", "de día")),
    "sunset": (Pair("at sunset", "al atardecer"), Pair("in the evening", "al anochecer")),
    "night": (Pair("at night", "de noche"), Pair("in the dark", "en la oscuridad")),
}
SEASONS_SAID: dict[str, Pair] = {
    "spring": Pair("in spring", "en primavera"),
    "summer": Pair("in summer", "en verano"),
    "autumn": Pair("in autumn", "en otoño"),
    "winter": Pair("in winter", "en invierno"),
}
_DAYS = {"day": ("day", "un día"), "sunset": ("evening", "una tarde"), "night": ("night", "una noche")}
_SEASONS = {"spring": "primavera", "summer": "verano", "autumn": "otoño", "winter": "invierno"}
# "on a winter night"; "it is a winter night".
DATES: dict[tuple[str, str], Pair] = {
    (time, season): Pair(f"{'an' if season == 'autumn' else 'a'} {season} {day}", f"{dia} de {_SEASONS[season]}")
    for time, (day, dia) in _DAYS.items()
    for season in _SEASONS
}
CLAUSES: dict[str, tuple[Pair, ...]] = {
    "day": (Pair("it is day", "es de día"), Pair("it is light", "hay luz")),
    "sunset": (Pair("it is evening", "es de tarde"), Pair("the sun is setting", "se pone el sol")),
    "night": (Pair("it is night", "es de noche"), Pair("it is dark", "está oscuro")),
    "spring": (Pair("it is spring", "es primavera"),),
    "summer": (Pair("it is summer", "es verano"),),
    "autumn": (Pair("it is autumn", "es otoño"),),
    "winter": (Pair("it is winter", "es invierno"),),
}

# What falls or hangs in the air, as a clause and as a circumstance.
WEATHERS_SAID: dict[str, tuple[Pair, Pair | None]] = {
    "rain": (Pair("it is raining", "está lloviendo"), Pair("in the rain", "bajo la lluvia")),
    "snow": (Pair("it is snowing", "está nevando"), None),
    "mist": (Pair("it is foggy", "hay niebla"), Pair("in the fog", "en la niebla")),
    "leaves": (Pair("leaves are falling", "caen hojas"), None),
}
SNOWY = frozenset(("farm", "park", "lake", "mountain"))  # the ground is white there in winter
IN_SNOW = Pair("in the snow", "en la nieve")

RELATIONS: dict[str, tuple[Pair, ...]] = {
    "left": (Pair("to the left of", "a la izquierda de"), Pair("on the left of", "a la izquierda de")),
    "right": (Pair("to the right of", "a la derecha de"), Pair("on the right of", "a la derecha de")),
    "behind": (Pair("behind", "detrás de"),),
    "front": (Pair("in front of", "delante de"),),
    "near": (Pair("next to", "junto a"), Pair("beside", "al lado de"), Pair("close to", "cerca de")),
    "on": (Pair("on", "sobre"), Pair("on top of", "encima de")),
    "above": (Pair("above", "por encima de"), Pair("over", "sobre")),
    "under": (Pair("under", "debajo de"), Pair("below", "debajo de")),
    "nearer": (Pair("closer than", "más cerca que"),),
}
SPOTS: dict[str, tuple[Pair, ...]] = {
    "left": (Pair("on the left", "a la izquierda"), Pair("on the left side", "en el lado izquierdo")),
    "right": (Pair("on the right", "a la derecha"), Pair("on the right side", "en el lado derecho")),
    "middle": (Pair("in the middle", "en el centro"),),
    "fore": (Pair("in the foreground", "en primer plano"),),
    "back": (Pair("in the background", "al fondo"),),
}
HEADINGS: dict[str, Pair] = {
    "left": Pair("to the left", "hacia la izquierda"),
    "right": Pair("to the right", "hacia la derecha"),
}
