"""Queues messages: one JSON object per line of standard input, with arguments of log_message."""

import json
import os
import sys

from spool import Spool

spool = Spool(os.environ.get("SPOOL", "spool"))
for line in sys.stdin:
    print(spool.put(json.loads(line)))
