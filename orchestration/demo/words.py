"""Word lists of the demo company: invented names only, no real firm's data."""

HEADS = (
    "Nor Vel Bri Tar Quin Sol Mar Fen Hal Ost Kel Lum Arv Bel Cor Dal Eld Fal Gar Hol Ish Jor Kal "
    "Lin Mor Nel Orm Pel Ras Sil Tor Ulm Var Wes Yar Zel Alt Ber Cal Dor Emb Fir Gol Har Iv Jen "
    "Kor Lor Mel Nav Oak Per Ros Sten Tal Urs Vin Wal Ax Bro Cren Dun Er Fro"
).split()
TAILS = (
    "vex mora tis dan wick holm rion beck stead gard lund mere nova quist ridge selm thal una vale "
    "wen yard zar bury cote dell elis fax gate hurst ina jord kamp ley mont nex oria polt rand sby "
    "ton ulia vik worth yx zin bach crest dor eska feld gren hain ilo kov land mark nis "
    "orp rell stra tova umbra wyn zorn"
).split()
TRADES = (
    "Logistics|Foods|Software|Analytics|Textiles|Furniture|Optics|Robotics|Printing|Packaging|"
    "Ceramics|Tools|Seeds|Timber|Marine|Travel|Media|Studios|Energy|Solar|Water|Dental|Pharma|"
    "Medical|Bicycles|Motors|Glass|Metals|Steel|Paper|Chemicals|Coffee|Bakery|Wines|Dairy|Farms|"
    "Gardens|Interiors|Lighting|Security|Cleaning|Catering|Learning|Games|Events|Design|"
    "Müller & Sons|Research"
).split("|")
SUPPLIERS = (
    "Hostwerk Rechenzentrum GmbH|Bluepaper Office Supplies|Stadtwerke Altenfurt|"
    "Kanzlei Brandt & Ohl|Fernblick Telekom|Lindenhof Immobilien|Quickparcel Versand|"
    "Cloudbarn Ltd|Reiseburo Sonnental|Kantine Am Ring"
).split("|")
