"""The options of curl that the example READMEs use: curl.py SERVER_URL [curl arguments]."""

import argparse
import sys
from urllib.request import Request, urlopen

parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d", type=str.encode)
parser.add_argument("url")
given = parser.parse_args(sys.argv[2:])
url = given.url.replace("http://127.0.0.1:8000", sys.argv[1])
headers = dict(header.split(": ", 1) for header in given.H)
with urlopen(Request(url, given.d, headers), timeout=60) as answer:
    print(answer.read().decode())
