"""The names of units in English, for one and for several, and the signs that write them."""

from __future__ import annotations

_REGULAR = """
km=kilometer m=meter cm=centimeter mm=millimeter µm=micrometer μm=micrometer um=micrometer
nm=nanometer yd=yard yds=yard mi=mile ly=light-year au=A_U kg=kilogram kgs=kilogram g=gram
gr=gram mg=milligram mcg=microgram µg=microgram μg=microgram ug=microgram ng=nanogram lb=pound
lbs=pound oz=ounce t=ton st=stone L=liter l=liter mL=milliliter ml=milliliter cl=centiliter
cL=centiliter dl=deciliter dL=deciliter µL=microliter μL=microliter uL=microliter gal=gallon
qt=quart pt=pint tbsp=tablespoon tbsps=tablespoon tsp=teaspoon tsps=teaspoon cc=C_C bbl=barrel
s=second sec=second secs=second ms=millisecond µs=microsecond μs=microsecond ns=nanosecond
min=minute mins=minute h=hour hr=hour hrs=hour wk=week wks=week mo=month mos=month yr=year
yrs=year Hz=hertz kHz=kilohertz MHz=megahertz GHz=gigahertz THz=terahertz W=watt kW=kilowatt
MW=megawatt GW=gigawatt TW=terawatt mW=milliwatt Wp=watt_peak Wh=watt_hour kWh=kilowatt_hour
MWh=megawatt_hour GWh=gigawatt_hour TWh=terawatt_hour V=volt kV=kilovolt mV=millivolt A=amp
mA=milliamp Ah=amp_hour mAh=milliamp_hour Ω=ohm kΩ=kiloohm MΩ=megaohm F=farad µF=microfarad
μF=microfarad nF=nanofarad pF=picofarad J=joule kJ=kilojoule MJ=megajoule kcal=kilocalorie
cal=calorie kcals=kilocalorie eV=electronvolt N=newton kN=kilonewton Nm=newton_meter Pa=pascal
kPa=kilopascal hPa=hectopascal MPa=megapascal mbar=millibar bar=bar atm=atmosphere psi=P_S_I
mmHg=millimeter_of_mercury B=byte KB=kilobyte kB=kilobyte MB=megabyte GB=gigabyte TB=terabyte
PB=petabyte KiB=kibibyte MiB=mebibyte GiB=gibibyte TiB=tebibyte bit=bit kbit=kilobit
Mbit=megabit Gbit=gigabit Gb=gigabit Mb=megabit kb=kilobit bps=bit_per_second
Kbps=kilobit_per_second kbps=kilobit_per_second Mbps=megabit_per_second Gbps=gigabit_per_second
Tbps=terabit_per_second dB=decibel dBA=decibel dBi=D_B_I dBm=D_B_M lm=lumen lx=lux cd=candela
K=kelvin mol=mole mmol=millimole px=pixel dpi=D_P_I ppi=P_P_I MP=megapixel fps=frame_per_second
rpm=R_P_M RPM=R_P_M bpm=beat_per_minute BPM=beat_per_minute ppm=part_per_million
ppb=part_per_billion mph=mile_per_hour MPH=mile_per_hour kph=kilometer_per_hour
kmh=kilometer_per_hour knots=knot kn=knot kt=knot kts=knot mpg=mile_per_gallon
MPG=mile_per_gallon hp=horsepower HP=horsepower BTU=B_T_U ac=acre ha=hectare
IU=international_unit IUs=international_unit mEq=milliequivalent kgCO2=kilogram_of_C_O_two
Sv=sievert mSv=millisievert Bq=becquerel T=tesla
"""
_IRREGULAR = {
    "ft": ("foot", "feet"),
    "in": ("inch", "inches"),
    "inch": ("inch", "inches"),
    "fl oz": ("fluid ounce", "fluid ounces"),
    "fl. oz.": ("fluid ounce", "fluid ounces"),
    "sq ft": ("square foot", "square feet"),
    "sq. ft.": ("square foot", "square feet"),
    "sqft": ("square foot", "square feet"),
    "sq m": ("square meter", "square meters"),
    "sq mi": ("square mile", "square miles"),
    "sq. mi.": ("square mile", "square miles"),
    "sq km": ("square kilometer", "square kilometers"),
    "cu ft": ("cubic foot", "cubic feet"),
    "ft²": ("square foot", "square feet"),
    "ft2": ("square foot", "square feet"),
    "ft³": ("cubic foot", "cubic feet"),
    "in²": ("square inch", "square inches"),
    "ft-lb": ("foot-pound", "foot-pounds"),
    "lb-ft": ("pound-foot", "pound-feet"),
    "N·m": ("newton meter", "newton meters"),
    "N⋅m": ("newton meter", "newton meters"),
    "nmi": ("nautical mile", "nautical miles"),
    "mol/L": ("mole per liter", "moles per liter"),
    "wk": ("week", "weeks"),
    "tonnes": ("tonne", "tonnes"),
    "CO2e": ("C O two equivalent", "C O two equivalent"),
    "x": ("times", "times"),
    "×": ("times", "times"),
}
_SAME = (
    "hertz kilohertz megahertz gigahertz terahertz kelvin lux horsepower P S I,R P M,D P I,P P I,"
    "B T U,A U,C C,D B I,D B M,"
)


def _plural(name: str) -> str:
    if name in _SAME.split() or f"{name}," in _SAME or f" {name}," in _SAME:
        return name
    for join in (" per ", " of "):
        head, sep, tail = name.partition(join)
        if sep:
            return f"{_plural(head)}{sep}{tail}"
    return f"{name}es" if name.endswith(("ch", "x")) else f"{name}s"


def _table() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for row in _REGULAR.split():
        sign, name = row.split("=")
        name = name.replace("_", " ")
        found[sign] = (name, _plural(name))
    for sign, power, word in (("m", "2", "square"), ("m", "3", "cubic")):
        raised = {"2": "²", "3": "³"}[power]
        for front in ("", "k", "c", "m"):
            one, many = found[front + sign]
            for end in (power, raised, f"^{power}"):
                found[front + sign + end] = (f"{word} {one}", f"{word} {many}")
    return found | _IRREGULAR


UNITS = _table()
"""Sign -> its name for one, and for several."""

ONLY_SPACED = frozenset("mgtslLhABFJNVWKTd") | {"in", "ac", "st", "MP", "bar", "x", "pt", "mi"}
"""Signs that are also letters or words: they want a space or a decimal point before them ("3B",
"42A" are none), but for what follows in GLUED."""
GLUED = frozenset({"m", "g", "s", "L", "l", "h", "W", "V", "x", "mi", "in", "A", "K"}) - {"A", "K"}
"""Signs of those that may touch the number where it is plainly a measure: 5m, 60W, 10x."""
PER = {
    "s": "second",
    "sec": "second",
    "s²": "second squared",
    "s2": "second squared",
    "s^2": "second squared",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "day": "day",
    "wk": "week",
    "week": "week",
    "mo": "month",
    "month": "month",
    "yr": "year",
    "year": "year",
    "a": "year",
    "°C": "degree Celsius",
    "100 km": "hundred kilometers",
    "100km": "hundred kilometers",
    "100 g": "hundred grams",
    "100g": "hundred grams",
    "person": "person",
    "capita": "capita",
    "cell": "cell",
}
"""Words behind the stroke of a unit, beside UNITS."""
