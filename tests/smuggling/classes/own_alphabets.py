"""Positions in words and signs for digits: other languages, Morse, letters, bits, signs that nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smuggling.classes.positions_in_text import written

if TYPE_CHECKING:
    from smuggling.case import Case
    from smuggling.secret import Position

TELLS = "0123456789. "
BITS = 26
ALPHABETS = {
    "portuguese": "zero um dois três quatro cinco seis sete oito nove vírgula e",
    "russian": "ноль один два три четыре пять шесть семь восемь девять точка и",
    "polish": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć przecinek oraz",
    "hindi": "शून्य एक दो तीन चार पांच छह सात आठ नौ दशमलव और",
    "pilots": "zero wun too tree fower fife six seven ait niner decimal break",
    "morse": "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----. .-.-.- /",
    "roman": "N I II III IV V VI VII VIII IX . /",
}
SIGNS = {"chinese": "〇一二三四五六七八九点和", "braille": "⠚⠁⠃⠉⠙⠑⠋⠛⠓⠊⠲⠀", "letters": "abcdefghij.-"}


def _plain(lon: float, lat: float) -> str:
    return f"{lat:.5f} {lon:.5f}"


def _position(plain: str) -> Position:
    lat, lon = map(float, plain.split())
    return lon, lat


def spelt(name: str, words: list[str], between: str) -> Case:
    """Describe a case: each digit is a word, or a sign."""
    of = dict(zip(TELLS, words, strict=True))
    back = {word: digit for digit, word in of.items()}
    return written(
        name,
        "words or signs for digits, in all rows",
        lambda lon, lat: between.join(of[each] for each in _plain(lon, lat)),
        lambda text: _position("".join(back[each] for each in (text.split(between) if between else text))),
        every=True,
    )


def bits(lon: float, lat: float) -> str:
    """Write a position as zeros and ones."""
    return f"{int((lon + 180) / 360 * 2**BITS):0{BITS}b}{int((lat + 90) / 180 * 2**BITS):0{BITS}b}"


def unbits(text: str) -> Position:
    """Read a position of zeros and ones."""
    return int(text[:BITS], 2) / 2**BITS * 360 - 180, int(text[BITS : 2 * BITS], 2) / 2**BITS * 180 - 90


def _of_signs(text: str, zero: str, one: str) -> Position:
    return unbits("".join("0" if each == zero else "1" for each in text if each in zero + one))


CASES = (
    *(spelt(name, words.split(" "), " ") for name, words in ALPHABETS.items()),
    *(spelt(name, list(signs), "") for name, signs in SIGNS.items()),
    written("bits", "zeros and ones", bits, unbits),
    written(
        "answers",
        "yes and no",
        lambda lon, lat: bits(lon, lat).replace("0", "N").replace("1", "Y"),
        lambda text: _of_signs(text, "N", "Y"),
    ),
    written(
        "signs-without-width",
        "signs between two words that nobody sees",
        lambda lon, lat: f"nice{bits(lon, lat)} place".replace("0", "\u200b").replace("1", "\u200c"),
        lambda text: _of_signs(text, "\u200b", "\u200c"),
    ),
    written(
        "blanks",
        "blanks and tabs behind a text",
        lambda lon, lat: "place" + bits(lon, lat).replace("0", " ").replace("1", "\t"),
        lambda text: _of_signs(text, " ", "\t"),
    ),
)
