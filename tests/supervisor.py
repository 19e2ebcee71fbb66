"""A supervisor to be killed: starts both servers in the folder it is given and waits."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from clinic.embedded import orphans
from clinic.embedded.home import Home
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.valkey import EmbeddedValkey


def main() -> None:
    home = Home(Path(sys.argv[1]))
    home.lock("a test")
    orphans.stop(home)
    with EmbeddedPostgres(home) as postgres, EmbeddedValkey(home) as valkey:
        sys.stdout.write(json.dumps({"dsn": postgres.dsn, "url": valkey.url}) + "\n")
        sys.stdout.flush()
        time.sleep(float(sys.argv[2]))


if __name__ == "__main__":
    main()
