"""Numbers that are spelt in words of some languages, as digits: "forty-eight point zero seven" is 48.07."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_DIGITS: Final = (
    "zero nought oh null nul cero zéro noll", "one ein eins een uno un une en ett",
    "two zwei zwo twee dos deux due två", "three drei drie tres trois tre",
    "four vier cuatro quatre quattro fyra", "five fünf fuenf vijf cinco cinq cinque fem",
    "six sechs zes seis sei sex", "seven sieben zeven siete sept sette sju syv", "eight acht ocho huit otto åtta otte",
    "nine neun negen nueve neuf nove nio ni",
)  # fmt: skip
_TEENS: Final = (
    "ten zehn tien diez dix dieci", "eleven elf once onze undici", "twelve zwölf zwoelf twaalf doce douze dodici",
    "thirteen dreizehn dertien trece treize tredici", "fourteen vierzehn veertien catorce quatorze quattordici",
    "fifteen fünfzehn fuenfzehn vijftien quince quinze quindici", "sixteen sechzehn zestien dieciséis seize sedici",
    "seventeen siebzehn zeventien diecisiete diciassette", "eighteen achtzehn achttien dieciocho diciotto",
    "nineteen neunzehn negentien diecinueve diciannove",
)  # fmt: skip
_TENS: Final = (
    "twenty zwanzig twintig veinte vingt venti", "thirty dreißig dreissig dertig treinta trente trenta",
    "forty fourty vierzig veertig cuarenta quarante quaranta", "fifty fünfzig fuenfzig vijftig cincuenta cinquante",
    "sixty sechzig zestig sesenta soixante sessanta", "seventy siebzig zeventig setenta septante settanta",
    "eighty achtzig tachtig ochenta huitante ottanta", "ninety neunzig negentig noventa nonante novanta",
)  # fmt: skip
_POINTS: Final = "point dot decimal comma komma virgule punto punt coma virgola"
_HUNDRED: Final = "hundred hundert honderd cien ciento cent cento"

_FEWEST: Final = 4
"""So many digits a number has that is more than a count."""


@lru_cache(maxsize=1)
def _values() -> dict[str, str]:
    """Give the digits of each word, a point of its words, and ``h`` of a hundred."""
    found = {word: str(digit) for digit, words in enumerate(_DIGITS) for word in words.split()}
    found |= {word: str(10 + more) for more, words in enumerate(_TEENS) for word in words.split()}
    found |= {word: str(20 + 10 * more) for more, words in enumerate(_TENS) for word in words.split()}
    ones = {word: value for word, value in found.items() if len(value) == 1}
    for tens, words in enumerate(_TENS, start=2):
        for ten in words.split():
            found |= {
                f"{one}{link}{ten}": f"{tens}{value}" for one, value in ones.items() for link in ("und", "en", "ën")
            }
    found |= dict.fromkeys(_POINTS.split(), ".")
    return found | dict.fromkeys(_HUNDRED.split(), "h")


def _any_digit() -> str:
    # Short words of languages, such as un, en, ni and sex, are left to the decoder: by themselves they tell nothing.
    words = (word for words in _DIGITS for word in words.split() if len(word) > 2)  # noqa: PLR2004 letters
    return "|".join(sorted(words, key=len, reverse=True))


TELLING: Final = rf"(?i:\b(?:{_any_digit()})[ ,-]{{1,2}}(?:{_any_digit()})[ ,-]{{1,2}}(?:{_any_digit()})\b)"
"""The pattern of texts in which digits are spelt, three in a row."""

_WORD: Final = re.compile(r"[^\W\d_]+")
_BETWEEN: Final = re.compile(r"[\s,-]{0,2}(?:and|und|et|y|e)?[\s-]{0,2}")


def spelt(text: str) -> str | None:
    """Write the numbers that are spelt in a text as digits; ``None`` where there is none with some digits."""
    values = _values()
    found: list[str] = []
    run: list[str] = []
    end = start = 0
    several = False
    for match in _WORD.finditer(text):
        value = values.get(match.group().lower())
        if run and (value is None or _BETWEEN.fullmatch(text, end, match.start()) is None):
            several |= _write(run, found, text[start:end])
            run, start = [], end
        if value is not None:
            if not run:
                found.append(text[start : match.start()])
                start = match.start()
            run.append(value)
            end = match.end()
    if run:
        several |= _write(run, found, text[start:end])
        start = end
    found.append(text[start:])
    return "".join(found) if several else None


def _write(run: list[str], found: list[str], plain: str) -> bool:
    """Write one number, or what stands there where it is none with some digits."""
    digits = ""
    for place, value in enumerate(run):
        before = run[place - 1] if place else ""
        tens = len(before) == 2 and before.endswith("0") and before != "10"  # noqa: PLR2004 digits
        if value == "h":
            digits += "00" if not place or place + 1 == len(run) or run[place + 1] == "." else ""
        elif tens and len(value) == 1 and value not in {"0", "."}:
            digits = digits[:-1] + value
        else:
            digits += value
    good = len(digits.replace(".", "")) >= _FEWEST and digits.count(".") <= 1
    found.append(digits if good else plain)
    return good
