"""What the name of a column says: an axis of a position, a person or a device, a time; never a proof by itself."""

from __future__ import annotations

# ruff: noqa: SIM905 - words in a row are easier to read and to compare than a list of them
import re
from typing import Final, Literal

Axis = Literal["lon", "lat"]

_LON: Final = frozenset(
    "lon lng long longitude longitud longitudine lngitude laengengrad längengrad laenge länge dlon longdd londd xlon "
    "lontitude долгота 经度 經度 intptlon intptlong".split()
)
_LAT: Final = frozenset(
    "lat latitude latitud latitudine lattitude breitengrad latdd ylat широта 纬度 緯度 intptlat centerlat".split()
)
_X: Final = frozenset("x xcoord xpos posx coordx utmx utme easting east rechtswert ostwert pointx xm xwgs".split())
_Y: Final = frozenset("y ycoord ypos posy coordy utmy utmn northing north hochwert nordwert pointy ym ywgs".split())

_TIME: Final = frozenset(
    "time times date dates day days ts timestamp datetime epoch unix utc gmt at when seen created updated modified "
    "changed observed recorded measured captured acquired logged received sent start started end ended begin began "
    "finish finished stop stopped from to until till since valid expires expiry expiration last first dt "
    "hour hours hr hrs minute minutes min mins second seconds sec secs ms msec millis milliseconds micros nanos clock "
    "year month week arrival departure pickup dropoff beginn ende von bis zeit datum uhrzeit tag fecha hora heure jour "
    "debut fin data ora inizio fine tid dato tijd".split()
)
_TIME_PARTS: Final = ("time", "date", "stamp", "epoch", "zeit", "datum", "moment")
_DIGEST: Final = frozenset("sha sha1 sha256 sha384 sha512 md5 checksum digest".split())
_PERSON: Final = frozenset(
    "imei imsi msisdn iccid imeisv mac ssid bssid device deviceid devid uuid guid idfa gaid maid adid aaid user userid "
    "username uid login account accountid customer customerid client clientid kunde kundennummer subscriber driver "
    "driverid fahrer patient passenger person personid personal rider riderid email phone telephone telefon "
    "tel mobile ssn passport iban vin plate licenseplate kennzeichen numberplate mmsi imo icao24 callsign "
    "tailnumber registration sim serialnumber vehicle vehicleid tracker trackerid cookie session ip ipaddress "
    "firstname lastname surname vorname nachname geburtsdatum birthdate dob steuernummer".split()
)
_PERSON_WITH_ID: Final = frozenset("trajectory traj track trip tour ride journey phone employee member staff".split())
_ID: Final = frozenset("id ids nr no num number key ref code".split())
_SAME_TOKEN: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-zß-ÿ]+|[A-Z]+|\d+|[^\W\d_]+")


def tokens(name: str) -> tuple[str, ...]:
    """Cut a name into its words, in small letters."""
    return tuple(word.lower() for word in _SAME_TOKEN.findall(name))


def axis_of(name: str) -> tuple[Axis, str, bool] | None:
    """Say which axis a name means, what the rest of the name is, and whether it says so plainly; ``x`` does not."""
    words = tokens(name)
    for known, axis, plain in ((_LON, "lon", True), (_LAT, "lat", True), (_X, "lon", False), (_Y, "lat", False)):
        for index, word in enumerate(words):
            if word in known:
                rest = " ".join((*words[:index], *words[index + 1 :]))
                return ("lon" if axis == "lon" else "lat"), rest, plain
    joined = "".join(words)
    for known, axis in ((_LON, "lon"), (_LAT, "lat")):
        if joined in known:
            return ("lon" if axis == "lon" else "lat"), "", True
    return None


def names_a_person(name: str) -> bool:
    """Tell whether a column is called as identifiers of persons and devices are."""
    words = set(tokens(name))
    joined = "".join(tokens(name))
    if joined in _PERSON or words & _PERSON:
        return True
    return bool(words & _PERSON_WITH_ID and words & _ID)


def names_a_time(name: str) -> bool:
    """Tell whether a column is called as moments are."""
    words = tokens(name)
    return bool(_TIME & set(words)) or any(part in word for word in words for part in _TIME_PARTS)


def names_a_digest(name: str) -> bool:
    """Tell whether a column is called as digests of files are."""
    return "".join(tokens(name)) in _DIGEST or bool(set(tokens(name)) & _DIGEST)
