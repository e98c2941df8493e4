"""Which real tables are submitted, and in which formats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import geopandas
import pandas as pd
from smuggling.clean_sources import (
    Table,
    aircraft,
    airports_of,
    american,
    areas,
    at,
    counties_of,
    countries,
    gdal,
    gps_fixes,
    in_countries,
    movies,
    natural_earth_airports,
    on_grid,
    package,
    sample,
    table,
    time_zones,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALL: Final = ("parquet", "gpkg", "fgb", "geojson", "geojsonl", "shp", "csv-wkt", "kml", "gml")
POINTS: Final = ("parquet", "gpkg", "fgb", "geojson", "shp", "csv", "kml", "gpx", "xlsx", "csv.zip")


def _countries_of(continent: str) -> geopandas.GeoDataFrame:
    found = countries()
    return found[found["continent"] == continent]


def _continents() -> Iterator[Table]:
    names = ("Africa", "Asia", "Europe", "North America", "South America", "Oceania")
    for name, formats in zip(names, (ALL[:2], ALL[2:4], ALL[4:6], ALL[6:8], ALL[7:9], ("parquet", "gml")), strict=True):
        yield Table(
            name=f"countries-{name.lower().replace(' ', '-')}",
            load=lambda name=name: _countries_of(name),  # type: ignore[misc]
            formats=formats,
        )


def _airports() -> Iterator[Table]:
    several = {
        "DE": POINTS, "FR": ("csv", "gpkg"), "CH": ("xlsx", "geojson", "csv"), "JP": ("parquet", "csv"),
        "AU": ("fgb", "parquet"), "BR": ("csv", "shp"), "ZA": ("geojson", "csv.zip"), "CA": ("parquet", "gpkg"),
    }  # fmt: skip
    for country, formats in several.items():
        yield Table(name=f"airports-{country}", load=lambda country=country: airports_of(country), formats=formats)  # type: ignore[misc]


def _counties() -> Iterator[Table]:
    for state, formats in {"CA": ("parquet", "gpkg"), "TX": ("fgb", "shp"), "FL": ("geojson",), "NY": ("kml",)}.items():
        yield Table(name=f"us-counties-{state}", load=lambda state=state: counties_of(state), formats=formats)  # type: ignore[misc]


def _cities(box: tuple[float, float, float, float]) -> geopandas.GeoDataFrame:
    west, south, east, north = box
    frame = sample("world_cities.csv.gz", keep_default_na=False)
    return at(frame[frame["lng"].between(west, east) & frame["lat"].between(south, north)], "lng", "lat")


def _us_cities() -> geopandas.GeoDataFrame:
    return at(pd.read_json(package("bokeh_sampledata", "_data", "us_cities.json.gz")), "lon", "lat")


def _organisations(*, reachable: bool) -> geopandas.GeoDataFrame:
    frame = geopandas.read_file(package("bokeh_sampledata", "_data", "sample_geojson.geojson"))
    return (
        frame
        if reachable
        else frame[["OrganisationCode", "OrganisationType", "OrganisationName", "City", "County", "geometry"]]
    )


def _olympics() -> geopandas.GeoDataFrame:
    path = package("bokeh_sampledata", "_data", "olympics2014.json")
    return in_countries(pd.json_normalize(json.loads(path.read_text())["data"]), "name")


def _characters() -> geopandas.GeoDataFrame:
    path = package("bokeh_sampledata", "_data", "les_mis.json")
    return on_grid(pd.DataFrame(json.loads(path.read_text())["links"]))


def _track() -> geopandas.GeoDataFrame:
    return at(sample("obiszow_mtb_xcm.csv"), "lon", "lat")


def _unemployment() -> geopandas.GeoDataFrame:
    names = ["laus", "state", "county", "name", "year", "labour", "employed", "unemployed", "rate"]
    return on_grid(sample("unemployment09.csv.gz", header=None, names=names, dtype={"state": str, "county": str}))


def _about_countries(name: str, column: str, **options: str) -> Callable[[], geopandas.GeoDataFrame]:
    return lambda: in_countries(sample(name, **options), column)


def _stocks(name: str) -> Callable[[], geopandas.GeoDataFrame]:
    return lambda: on_grid(pd.read_csv(package("matplotlib", "mpl-data", "sample_data", name), comment="#"))


def _metadata() -> geopandas.GeoDataFrame:
    return on_grid(pd.read_parquet(package("altair", "datasets", "_metadata", "metadata.parquet")))


PLACES: Final = (
    Table(name="countries", load=countries, formats=ALL),
    *_continents(),
    Table(name="us-states", load=lambda: american("states"), formats=("parquet", "gpkg", "geojson", "shp")),
    *_counties(),
    *_airports(),
    Table(name="airports-bokeh", load=lambda: at(sample("airports.csv"), "Longitude", "Latitude"), formats=POINTS[:6]),
    Table(name="airports-civil", load=lambda: natural_earth_airports(military=False), formats=("geojson", "parquet")),
    Table(name="airports-military", load=lambda: natural_earth_airports(military=True), formats=("geojson",)),
    Table(name="cities-europe", load=lambda: _cities((-10, 36, 30, 70)), formats=("parquet", "csv", "gpkg", "xlsx")),
    Table(name="cities-africa", load=lambda: _cities((-18, -35, 50, 34)), formats=("fgb", "csv", "gpx")),
    Table(name="cities-asia", load=lambda: _cities((60, -10, 150, 55)), formats=("geojson", "shp")),
    Table(name="cities-south-america", load=lambda: _cities((-82, -56, -34, 12)), formats=("kml", "parquet")),
    Table(name="us-cities", load=_us_cities, formats=("parquet", "csv")),
    Table(name="time-zones", load=lambda: time_zones("zone.tab"), formats=POINTS),
    Table(name="time-zones-1970", load=lambda: time_zones("zone1970.tab"), formats=("gpkg", "csv")),
    Table(name="time-zones-now", load=lambda: time_zones("zonenow.tab"), formats=("parquet", "kml")),
    Table(name="areas-of-use-utm", load=lambda: areas("UTM"), formats=("parquet", "gml")),
    Table(name="areas-of-use-europe", load=lambda: areas("Germany|France|Italy|Poland"), formats=("gpkg", "geojson")),
    Table(name="areas-described", load=lambda: areas("UTM", described=True), formats=("parquet",)),
    Table(name="health-areas", load=lambda: _organisations(reachable=False), formats=("geojson", "csv")),
    Table(name="health-areas-with-mail", load=lambda: _organisations(reachable=True), formats=("geojson",)),
    Table(name="race-track", load=_track, formats=("gpx", "csv", "parquet")),
    Table(name="gps-fixes", load=lambda: gps_fixes(trackers=False), formats=("parquet", "csv", "gpkg")),
    Table(name="gps-fixes-with-trackers", load=lambda: gps_fixes(trackers=True), formats=("parquet", "gpkg")),
    Table(name="flights", load=lambda: aircraft("switzerland.json.gz", named=False), formats=("parquet", "csv", "fgb")),
    Table(name="flights-zurich", load=lambda: aircraft("zurich_airport.json.gz", named=False), formats=("gpkg",)),
    Table(name="flights-with-aircraft", load=lambda: aircraft("switzerland.json.gz", named=True), formats=("parquet",)),
)

FIGURES: Final = (
    Table(name="emissions", load=_about_countries("emissions.csv.gz", "country"), formats=("parquet", "csv", "shp")),
    Table(name="gapminder", load=_about_countries("gapminder.csv.gz", "country"), formats=("gpkg", "csv", "xlsx")),
    Table(name="regions", load=_about_countries("gapminder_regions.csv", "Country"), formats=("geojson", "csv", "kml")),
    Table(name="population", load=_about_countries("population.csv.gz", "Location"), formats=("parquet", "csv", "fgb")),
    Table(name="olympics", load=_olympics, formats=("parquet", "xlsx")),
    table("CGM.csv.gz", "parquet", "csv"),
    table("SampleSuperstore.csv.gz", "parquet", "csv", "xlsx"),
    table("antibiotics.csv", "csv", "gpkg", skipinitialspace=True),
    table("anscombe.csv", "csv", "parquet", skipinitialspace=True),
    table("auto-mpg.csv", "csv", "gpkg", "xlsx"),
    table("auto-mpg2.csv", "geojson", "parquet", index_col=0),
    table("browsers_nov_2013.csv", "csv", "gpkg", comment="#"),
    table("cows.csv", "csv", "fgb"),
    table("elements.csv", "csv", "gpkg", "shp", "xlsx"),
    table("forensic_glass.csv", "csv", "parquet"),
    table("iris.csv", "csv", "parquet", "shp", "xlsx"),
    table("lincoln_weather.csv", "csv", "gpkg"),
    table("penguins.csv", "csv", "geojson", "parquet"),
    table("percent-bachelors-degrees-women-usa.csv", "csv", "gpkg"),
    table("probly.csv", "csv", "parquet"),
    table("numberly.csv", "csv"),
    table("sea_surface_temperature.csv.gz", "csv", "parquet"),
    table("stocks.csv.gz", "csv", "gpkg", "parquet"),
    table("unemployment1948.csv", "csv", "xlsx"),
    table("us_marriages_divorces.csv", "csv", "geojson"),
    table("routes.csv.gz", "csv", "parquet"),
    table("sprint.csv", "csv", skipinitialspace=True),
    table("titanic_all.csv", "csv", "gpkg"),
    table("cycling.csv.gz", "csv", index_col=0),
    Table(name="unemployment09", load=_unemployment, formats=("csv", "fgb")),
    Table(name="characters", load=_characters, formats=("csv", "parquet")),
    Table(name="films", load=lambda: movies("omdb", "ID", "Title", "Year", "Rating", "Runtime", "Genre", "Released", "Metacritic", "imdbRating", "imdbVotes", "Language", "Country", "Awards", "Oscars"), formats=("parquet", "csv")),
    Table(name="film-critics", load=lambda: movies("tomatoes", "ID", "Rating", "Meter", "Reviews", "Fresh", "Rotten", "Consensus", "userMeter", "userRating", "BoxOffice", "Production"), formats=("parquet", "gpkg")),
    Table(name="film-directors", load=lambda: movies("omdb", "Title", "Director", "Writer", "Cast"), formats=("parquet",)),
    Table(name="airport-codes", load=lambda: on_grid(pd.read_csv(package("airportsdata", "iata_macs.csv"), keep_default_na=False)), formats=("csv", "parquet")),
    Table(name="prices-msft", load=_stocks("msft.csv"), formats=("csv",)),
    Table(name="prices", load=_stocks("Stocks.csv"), formats=("csv", "parquet")),
    Table(name="data-sets", load=_metadata, formats=("parquet",)),
    Table(name="state-plane", load=lambda: gdal("stateplane.csv"), formats=("csv", "gpkg")),
    Table(name="chart-agencies", load=lambda: gdal("s57agencies.csv", on_bad_lines="skip", names=["id", "token", "code", "name"]), formats=("csv", "gpkg")),
    Table(name="chart-attributes", load=lambda: gdal("s57attributes.csv"), formats=("csv", "parquet")),
    Table(name="chart-objects", load=lambda: gdal("s57objectclasses.csv"), formats=("csv", "gpkg")),
    Table(name="weather-parameters", load=lambda: gdal("grib2_table_4_2_0_1.csv"), formats=("csv", "parquet")),
    Table(name="weather-parameters-ncep", load=lambda: gdal("grib2_table_4_2_local_NCEP.csv"), formats=("csv",)),
    Table(name="datum-shifts", load=lambda: gdal("gt_datum.csv"), formats=("csv", "gpkg")),
    Table(name="ellipsoids", load=lambda: gdal("gt_ellips.csv", on_bad_lines="skip"), formats=("csv",)),
    Table(name="reference-systems", load=lambda: gdal("MM_m_idofic.csv", sep=";", encoding="latin-1"), formats=("csv", "parquet")),
)  # fmt: skip

TABLES: Final = (*PLACES, *FIGURES)
